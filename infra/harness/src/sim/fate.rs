//! What goes wrong, and how often.

use rand::Rng;
use rand::rngs::StdRng;
use waybill_store::memory::Verdict;

use crate::world::Late;

/// What becomes of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is made and answered.
    Go,
    /// It is made and answered, but others run before its answer is seen.
    Hold,
    /// The caller waits this long before it makes it, in milliseconds.
    Delay(i64),
    /// It is refused, or carried out without an answer, or carried out late.
    Spoil(Verdict),
    /// The handler dies before it.
    CrashBefore,
    /// The handler dies after it was carried out.
    CrashAfter,
}

/// How rough a run is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weather {
    /// Multiplies every chance; 0 is calm.
    pub strength: f64,
}

impl Weather {
    /// One of calm-ish, ordinary and rough.
    pub fn of_seed(rng: &mut StdRng) -> Self {
        let strength = [0.4, 1.0, 1.0, 2.0][rng.random_range(0..4)];
        Self { strength }
    }

    /// Decides about one call.
    pub fn fate(self, rng: &mut StdRng, call: &str) -> Fate {
        let dice: f64 = rng.random();
        let mut edge = 0.0;
        let mut within = |chance: f64| {
            edge += chance * self.strength;
            dice < edge
        };
        if within(0.012) {
            return Fate::CrashBefore;
        }
        if within(0.018) {
            return Fate::CrashAfter;
        }
        if within(0.02) {
            return Fate::Spoil(refusal(rng, call));
        }
        if within(0.015) {
            let late = matches!(call, "carrier:create" | "shop:fulfil") && rng.random_ratio(1, 3);
            return Fate::Spoil(if late { Late::VERDICT } else { Verdict::LoseReply });
        }
        if within(0.03) {
            return Fate::Hold;
        }
        if within(0.03) {
            let most = if rng.random_ratio(1, 4) { 25_000 } else { 2_000 };
            return Fate::Delay(rng.random_range(1..=most));
        }
        Fate::Go
    }
}

/// An error code the service of a call is known to answer with.
fn refusal(rng: &mut StdRng, call: &str) -> Verdict {
    let codes: &[&str] = match call.split(':').next().unwrap_or_default() {
        "dynamodb" if call.ends_with("TransactWriteItems") => {
            &["TransactionConflict", "TransactionConflict", "ThrottlingException", "InternalServerError"]
        }
        "dynamodb" => {
            &["ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError"]
        }
        "kms" => &["ThrottlingException", "KMSInternalException"],
        "s3" => &["SlowDown", "InternalServerError"],
        "sqs" => &["RequestThrottled", "ServiceUnavailable"],
        _ => &["NoAnswer"],
    };
    Verdict::Refuse(codes[rng.random_range(0..codes.len())])
}
