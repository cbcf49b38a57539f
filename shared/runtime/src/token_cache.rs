//! Tokens in use, kept warm for as long as an account is: opening one is a call of KMS, and telling a SKU's stock to
//! five channels would make it at every one.

use crate::token::Current;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use waybill_domain::ConnectionId;

/// How long a token is used without reading it again: the longest one that another function ended still works here.
const WARM: SignedDuration = SignedDuration::from_secs(60);

/// The tokens of one function's connections.
#[derive(Clone, Default)]
pub(crate) struct TokenCache(Arc<Mutex<HashMap<ConnectionId, (Timestamp, Current)>>>);

impl TokenCache {
    /// The token as it was read, unless that was too long ago or it is about to end.
    pub(crate) fn get(&self, id: &ConnectionId, now: Timestamp) -> Option<Current> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, token) = kept.get(id)?;
        let warm = now.duration_since(*read).abs() < WARM && token.lasts(now);
        warm.then(|| token.clone())
    }

    /// Keeps a token that was just read.
    pub(crate) fn put(&self, id: &ConnectionId, token: &Current, now: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(id.clone(), (now, token.clone()));
    }

    /// Drops a token that the other side refused.
    pub(crate) fn forget(&self, id: &ConnectionId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use waybill_domain::time::after;
    use waybill_privacy::secret::Secret;

    #[test]
    fn a_token_is_kept_for_a_minute_and_never_to_its_end() {
        let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        let at = |seconds| after(now, SignedDuration::from_secs(seconds));
        let id: ConnectionId = "con_0123456789abcdef".parse().unwrap();
        let cache = TokenCache::default();
        let held = |cache: &TokenCache, seconds| cache.get(&id, at(seconds)).is_some();
        assert!(!held(&cache, 0));
        let token =
            |ends| Current { access: Secret::new("token".into()), obtained_at: now, expires_at: at(ends) };
        cache.put(&id, &token(3_600), now);
        assert_eq!([0, 59, 60, -61].map(|seconds| held(&cache, seconds)), [true, true, false, false]);
        cache.put(&id, &token(90), now);
        assert_eq!(
            [29, 31].map(|seconds| held(&cache, seconds)),
            [true, false],
            "its last minute is not used"
        );
        cache.forget(&id);
        assert!(!held(&cache, 0));
    }
}
