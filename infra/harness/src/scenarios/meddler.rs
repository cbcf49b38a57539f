//! Stands between the handlers and everything else, lets all calls through, and once, when told to, does something
//! at the channel just before a call reaches it.

use async_trait::async_trait;
use std::sync::{Mutex, PoisonError};
use waybill_store::memory::{Outside, Verdict};

type Deed = Box<dyn FnOnce() + Send>;

/// See the module.
#[derive(Default)]
pub struct Meddler(Mutex<Option<(u32, Deed)>>);

impl Meddler {
    /// Does `deed` just before the `nth` call to a channel or carrier from now, counted from 1.
    pub fn before_call(&self, nth: u32, deed: impl FnOnce() + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((nth, Box::new(deed)));
    }

    /// True when what was told has been done, or nothing was.
    pub fn is_done(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    fn due(&self) -> Option<Deed> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, _) = told.as_mut()?;
        *left = left.saturating_sub(1);
        if *left > 0 {
            return None;
        }
        told.take().map(|(_, deed)| deed)
    }
}

#[async_trait]
impl Outside for Meddler {
    async fn before(&self, call: &str) -> Verdict {
        let leaves = call.starts_with("shop:") || call.starts_with("carrier:");
        if let Some(deed) = leaves.then(|| self.due()).flatten() {
            deed();
        }
        Verdict::Go
    }

    async fn after(&self, _call: &str) {}
}
