//! Rules of `[ensembles.ALIAS]`.

use super::{BUILT_IN, SettingFault, fault};
use crate::base::id::Alias;
use crate::domain::settings::{EnsembleSpec, LabConfig};

/// Every rule the ensembles break.
pub(super) fn faults(config: &LabConfig) -> Vec<SettingFault> {
    let mut found = Vec::new();
    for (alias, spec) in &config.ensembles {
        let name = alias.as_str();
        if is_built_in(alias) || config.models.contains_key(alias) {
            found.push(fault(
                &["ensembles", name],
                "is the alias of a model already; choose another",
            ));
        }
        for (key, message) in spec_faults(spec, config) {
            let keys: Vec<&str> = ["ensembles", name].into_iter().chain(key.split('/')).collect();
            found.push(fault(&keys, &message));
        }
    }
    found
}

fn spec_faults(spec: &EnsembleSpec, config: &LabConfig) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut say = |key: &str, message: String| found.push((key.to_owned(), message));
    let tiers = [("fast", &spec.fast, true), ("deep", &spec.deep, spec.deep_after.is_some())];
    for (tier, members, needed) in tiers {
        if members.is_empty() && needed {
            say(tier, "names no model; write it as { ALIAS = WEIGHT, … }".into());
            continue;
        }
        for (member, weight) in members {
            let key = format!("{tier}/{member}");
            if config.ensembles.contains_key(member) {
                say(&key, "is an ensemble itself; name models".into());
            } else if !is_built_in(member) && !config.models.contains_key(member) {
                say(&key, "is not defined; name aliases of [models], `offline` or `random`".into());
            }
            if !(weight.is_finite() && *weight >= 0.0) {
                say(&key, format!("is {weight}, which is no weight; allowed: a number from 0"));
            }
        }
        if !members.is_empty() && members.values().all(|weight| *weight == 0.0) {
            say(tier, "has weights of 0 alone, so nobody could be drawn; raise one".into());
        }
    }
    if !spec.deep.is_empty() && spec.deep_after.is_none() {
        say("deep", "is never asked: `deep_after` says after how many failures it is".into());
    }
    if spec.deep_after == Some(0) {
        say("deep_after", "is 0; allowed: 1 or more".into());
    }
    for (key, value, most) in [("explore", spec.explore, 1.0), ("thrift", spec.thrift, 4.0)] {
        if !(0.0..=most).contains(&value) {
            say(key, format!("is {value}; allowed: 0 to {most}"));
        }
    }
    found
}

fn is_built_in(alias: &Alias) -> bool {
    BUILT_IN.iter().any(|(name, _)| *name == alias.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(ensemble: &str) -> Vec<String> {
        let config = format!(
            "[models.small]\ndialect = 'openai-chat'\nmodel = 'm'\n\
             [models.large]\ndialect = 'openai-chat'\nmodel = 'n'\n[ensembles.team]\n{ensemble}\n"
        );
        let config: LabConfig = toml::from_str(&config).expect("settings");
        faults(&config).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_sound_ensemble_has_no_faults() {
        let sound = "choose = 'bandit'\nfast = { small = 3, offline = 1 }\ndeep = { large = 1 }\ndeep_after = 4";
        assert_eq!(found(sound), [""; 0]);
    }

    #[test]
    fn bad_weights_and_bad_members_are_named() {
        for (ensemble, said) in [
            ("fast = { small = -1 }", "`ensembles.team.fast.small` is -1, which is no weight"),
            ("fast = { small = nan }", "is NaN, which is no weight"),
            ("fast = { small = 0, large = 0 }", "`ensembles.team.fast` has weights of 0 alone"),
            ("fast = { nobody = 1 }", "`ensembles.team.fast.nobody` is not defined"),
            ("fast = { team = 1 }", "is an ensemble itself"),
            ("fast = {}", "`ensembles.team.fast` names no model"),
            ("fast = { small = 1 }\ndeep = { large = 1 }", "is never asked"),
            ("fast = { small = 1 }\ndeep_after = 2", "`ensembles.team.deep` names no model"),
            ("fast = { small = 1 }\nexplore = 2", "`ensembles.team.explore` is 2"),
        ] {
            let found = found(ensemble);
            assert!(found.iter().any(|fault| fault.contains(said)), "{ensemble}: {found:?}");
        }
    }

    #[test]
    fn the_alias_of_a_model_cannot_be_an_ensemble_too() {
        let config: LabConfig =
            toml::from_str("[ensembles.offline]\nfast = { random = 1 }\n").expect("settings");
        assert_eq!(
            faults(&config).iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["`ensembles.offline` is the alias of a model already; choose another"]
        );
    }
}
