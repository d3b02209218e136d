//! What a server's certificate is worth: how long it lasts, and what is wrong with its chain.
use crate::domain::level::Level;
use crate::domain::time::Timestamp;

const DAY: i64 = 86_400_000;

/// As it was shown to us.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Certificate {
    pub subject: String,
    pub issuer: String,
    /// The names it is good for.
    pub names: Vec<String>,
    pub begins: Timestamp,
    pub ends: Timestamp,
    /// Subjects of the further certificates that came with it.
    pub chain: Vec<String>,
    pub faults: Vec<Fault>,
}

/// Why a client would refuse it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    Expired,
    NotYetValid,
    /// It is not for the name that was asked.
    WrongName(String),
    SelfSigned,
    /// Signed by an authority that this box does not trust.
    UnknownAuthority,
    Revoked,
    Other(String),
}

impl Fault {
    /// What no box would take is broken; whom this one does not trust, others may.
    fn level(&self) -> Level {
        match self {
            Fault::SelfSigned | Fault::UnknownAuthority => Level::Warn,
            _ => Level::Bad,
        }
    }
}

impl Certificate {
    /// Whole days until it ends; below zero once it has.
    pub fn days_left(&self, now: Timestamp) -> i64 {
        self.ends.0.saturating_sub(now.0).div_euclid(DAY)
    }

    /// What time alone says is wrong.
    pub fn faults_of_time(&self, now: Timestamp) -> Option<Fault> {
        if now >= self.ends {
            Some(Fault::Expired)
        } else if now < self.begins {
            Some(Fault::NotYetValid)
        } else {
            None
        }
    }

    pub fn level(&self) -> Level {
        self.faults.iter().map(Fault::level).min().unwrap_or(Level::Fine)
    }

    /// `expired 3 days ago, and is for another name: shop.example.com`; empty when nothing is wrong.
    pub fn says(&self, now: Timestamp) -> String {
        let words = self.faults.iter().map(|fault| match fault {
            Fault::Expired => match -self.days_left(now) {
                ..=1 => "expired within the last day".to_owned(),
                days => format!("expired {} days ago", days - 1),
            },
            Fault::NotYetValid => "not valid yet: do the clocks agree?".into(),
            Fault::WrongName(asked) => format!("not for {asked} but for {}", self.names_in_short()),
            Fault::SelfSigned => "self-signed".into(),
            Fault::UnknownAuthority => {
                format!("signed by an authority that this box does not trust: {}", self.issuer)
            }
            Fault::Revoked => "revoked".into(),
            Fault::Other(why) => why.clone(),
        });
        words.collect::<Vec<_>>().join("; ")
    }

    fn names_in_short(&self) -> String {
        match self.names.as_slice() {
            [] => self.subject.clone(),
            [one] => one.clone(),
            [one, other] => format!("{one} and {other}"),
            [one, ..] => format!("{one} and {} more", self.names.len() - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending_in(days: i64, faults: Vec<Fault>) -> Certificate {
        Certificate {
            names: vec!["shop.example.com".into()],
            issuer: "CN=Some CA".into(),
            ends: Timestamp(days * DAY),
            faults,
            ..Certificate::default()
        }
    }

    #[test]
    fn days_are_whole_and_go_below_zero() {
        let certificate = ending_in(30, Vec::new());
        assert_eq!(certificate.days_left(Timestamp(0)), 30);
        assert_eq!(certificate.days_left(Timestamp(1)), 29);
        assert_eq!(certificate.days_left(Timestamp(30 * DAY)), 0);
        assert_eq!(certificate.days_left(Timestamp(30 * DAY + 1)), -1);
        assert_eq!(certificate.faults_of_time(Timestamp(30 * DAY)), Some(Fault::Expired));
        assert_eq!(certificate.faults_of_time(Timestamp(30 * DAY - 1)), None);
    }

    #[test]
    fn every_fault_is_named_and_the_worst_decides() {
        let now = Timestamp(33 * DAY + 5);
        let both = ending_in(30, vec![Fault::Expired, Fault::WrongName("api.example.com".into())]);
        assert_eq!(both.says(now), "expired 3 days ago; not for api.example.com but for shop.example.com");
        assert_eq!(both.level(), Level::Bad);
        let own = ending_in(90, vec![Fault::SelfSigned]);
        assert_eq!((own.says(now).as_str(), own.level()), ("self-signed", Level::Warn));
        let foreign = ending_in(90, vec![Fault::UnknownAuthority]);
        assert_eq!(foreign.says(now), "signed by an authority that this box does not trust: CN=Some CA");
        assert_eq!(
            (ending_in(90, Vec::new()).says(now).as_str(), ending_in(90, Vec::new()).level()),
            ("", Level::Fine)
        );
    }
}
