"""Asks the candidate's `validate_email` about every address of a block at once and compares with the oracle."""

import hyperagent
from families import drawn
from oracle import fault

SHOWN = 100


def shown(address):
    """The address in ASCII, with escapes; the middle of a long one is left out and counted."""
    text = ascii(address)
    if len(text) <= SHOWN:
        return text
    half = SHOWN // 2
    return f"{text[:half]} ... {text[-half:]} ({len(address)} characters)"


def judged(family, address, answer):
    """What is said about an answer; nothing when it is right."""
    if isinstance(answer, hyperagent.CallError):
        return f"crash: {answer.kind} {answer.message} for {shown(address)}"
    if type(answer) is not bool:
        return f"wrong_type: expected True or False, got {ascii(answer):.60} for {shown(address)}"
    broken = fault(address)
    if answer == (broken is None):
        return ""
    if answer:
        return f"{family}: accepted {shown(address)}, policy says invalid ({broken})"
    return f"{family}: rejected {shown(address)}, policy says valid"


def run(cases, call_many, call, report):
    drawings = [drawn(case.seed) for case in cases]
    answers = call_many("validate_email", [[address] for _, address in drawings])
    for case, (family, address), answer in zip(cases, drawings, answers):
        said = judged(family, address, answer)
        report(case.id, 0.0 if said else 1.0, said)


hyperagent.serve(run)
