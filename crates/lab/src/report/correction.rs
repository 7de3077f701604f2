//! Which verdicts stand when it is taken into account how many answers a claim was given.

use std::ptr;

use crate::results::ClaimResult;
use crate::statistics::{Verdict, holm};

/// Holm's correction of some claims, each over all answers to it among them.
pub(super) struct Correction<'a> {
    fallen: Vec<&'a ClaimResult>,
    /// Verdicts that are not open, and say their p-value.
    decided: usize,
    /// The answers to each claim.
    families: Vec<usize>,
}

impl<'a> Correction<'a> {
    pub(super) fn new(claims: &[&'a ClaimResult]) -> Self {
        let mut correction = Self {
            fallen: Vec::new(),
            decided: 0,
            families: Vec::new(),
        };
        let mut ids: Vec<&str> = Vec::new();
        for claim in claims {
            if ids.contains(&claim.id.as_str()) {
                continue;
            }
            ids.push(&claim.id);
            let of_it = claims.iter().filter(|other| other.id == claim.id);
            let family: Vec<&ClaimResult> = of_it.copied().collect();
            correction.families.push(family.len());
            let p_values: Vec<Option<f64>> = family.iter().map(|claim| claim.p).collect();
            for (claim, p) in family.into_iter().zip(holm(&p_values)) {
                let Some(p) = p else { continue };
                correction.decided += 1;
                if p > 1.0 - claim.effect.confidence {
                    correction.fallen.push(claim);
                }
            }
        }
        correction
    }

    /// Whether this claim's verdict is among those that do not stand.
    pub(super) fn falls(&self, claim: &ClaimResult) -> bool {
        let is_open = matches!(claim.verdict, Verdict::Inconclusive { .. });
        !is_open && self.fallen.iter().any(|fallen| ptr::eq(*fallen, claim))
    }

    /// How many stand, in words; nothing where no p-value is known.
    pub(super) fn sentence(&self) -> Option<String> {
        let standing = self.decided - self.fallen.len();
        let family = match self.families[..] {
            [one] => format!("the {one} answers to this claim"),
            _ => "all answers to the same claim".to_owned(),
        };
        (self.decided > 0).then(|| {
            format!(
                "Corrected for {family} (Holm 1979), {standing} of {} verdicts stand{}.",
                self.decided,
                if self.fallen.is_empty() {
                    ""
                } else {
                    "; those that do not are marked *"
                }
            )
        })
    }
}

/// The claims as they are to be counted: those whose verdict does not stand cannot tell.
pub(super) fn corrected(claims: &[&ClaimResult]) -> Vec<ClaimResult> {
    let correction = Correction::new(claims);
    let counted = |claim: &&ClaimResult| {
        let mut counted = (*claim).clone();
        if correction.falls(claim) {
            counted.verdict = Verdict::Inconclusive { more_seeds: None };
        }
        counted
    };
    claims.iter().map(counted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_falls_when_its_claim_was_asked_often() {
        let mut claim = crate::report::fixture::results().claims[0].clone();
        assert_eq!(claim.verdict, Verdict::Supported);
        claim.p = Some(0.03);
        let open = ClaimResult {
            p: None,
            verdict: Verdict::Inconclusive { more_seeds: None },
            ..claim.clone()
        };
        let another = ClaimResult {
            id: "another".into(),
            ..claim.clone()
        };

        let alone = [&claim, &another];
        let correction = Correction::new(&alone);
        assert!(!correction.falls(&claim) && !correction.falls(&another));
        let said = correction.sentence().unwrap();
        assert!(said.contains("2 of 2 verdicts stand."), "{said}");

        // Asked twice, 0.03 becomes 0.06; the other claim is a family of its own.
        let twice = [&claim, &open, &another];
        let correction = Correction::new(&twice);
        assert!(correction.falls(&claim) && !correction.falls(&open));
        assert!(!correction.falls(&another));
        let said = correction.sentence().unwrap();
        assert!(said.contains("1 of 2 verdicts stand; those"), "{said}");
        let holds: Vec<Option<bool>> = corrected(&twice).iter().map(ClaimResult::holds).collect();
        assert_eq!(holds, [None, None, Some(true)]);
        let page = [&claim, &open];
        let said = Correction::new(&page).sentence().unwrap();
        assert!(
            said.contains("the 2 answers to this claim (Holm 1979), 0 of 1"),
            "{said}"
        );
        assert_eq!(Correction::new(&[&open]).sentence(), None);
    }
}
