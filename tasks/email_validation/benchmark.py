"""Asks the candidate's `validate_email` about every address of a block at once and compares with the oracle."""

import hyperagent
from families import drawn
from oracle import fault

SHOWN = 100
LONGEST = 1000
# No case set has seeds from here on.
PROPOSED = 1 << 44


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


def instance(case):
    """The family and the address of a case."""
    return ("proposed", case.data["email"]) if case.data else drawn(case.seed)


def check(proposal):
    """A proposed case in its one form. The label is the policy's, never the proposer's."""
    if not isinstance(proposal, dict) or set(proposal) - {"email", "valid", "reason"}:
        raise hyperagent.Refused("a case is {\"email\": text, \"valid\": true or false, \"reason\": text}")
    address, claimed = proposal.get("email"), proposal.get("valid")
    if type(address) is not str or type(claimed) is not bool:
        raise hyperagent.Refused("`email` must be a text and `valid` true or false")
    if len(address) > LONGEST:
        raise hyperagent.Refused(f"an address of {len(address)} characters, at most {LONGEST}")
    broken = fault(address)
    if claimed != (broken is None):
        said = "valid" if broken is None else f"invalid ({broken})"
        raise hyperagent.Refused(f"policy says {shown(address)} is {said}", "contradiction")
    return {"email": address, "valid": claimed}


def draw(seed):
    """A proposal from a seed beyond those of every case set."""
    _, address = drawn(PROPOSED + seed)
    return {"email": address, "valid": fault(address) is None, "reason": "drawn"}


def run(cases, call_many, call, report):
    drawings = [instance(case) for case in cases]
    answers = call_many("validate_email", [[address] for _, address in drawings])
    for case, (family, address), answer in zip(cases, drawings, answers):
        said = judged(family, address, answer)
        report(case.id, 0.0 if said else 1.0, said)


hyperagent.serve(run, check=check, draw=draw)
