//! Looking after what a channel sends by itself: that it is registered, and switched on. Shops drop or switch off what
//! could not be delivered for a while, and tell nobody.

use crate::Stamp;
use crate::writeback::Broke;
use http::{Request, Response};

/// Where deliveries go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// To this address; what is missing is registered.
    Address(String),
    /// To an address that ends so: which, what is registered says. Where nothing is, a person registers it, and nothing
    /// is made.
    EndsWith(String),
    /// Into this queue of ours, by its ARN.
    Queue(String),
}

impl To {
    /// The whole address, once it is known.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::Address(address) => Some(address),
            Self::EndsWith(_) | Self::Queue(_) => None,
        }
    }

    /// Whether something that goes to `address` is ours.
    pub fn fits(&self, address: &str) -> bool {
        match self {
            Self::Address(ours) => ours == address,
            Self::EndsWith(path) => address.ends_with(path.as_str()),
            Self::Queue(_) => false,
        }
    }
}

/// How it stood, and what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Looked {
    /// Kinds of deliveries that were not registered and are now.
    pub made: usize,
    /// Kinds that the channel had switched off and that are on again.
    pub enabled: usize,
    /// Kinds that a person switched off there: so they stay.
    pub paused: usize,
    /// Nothing is registered, and nothing was made: a person has to.
    pub missing: bool,
}

/// What a talk wants next.
#[derive(Debug)]
pub enum Next {
    /// Send this and give me the reply.
    Send(Box<Request<Vec<u8>>>),
    /// It is over.
    Over(Looked),
}

/// Looking after deliveries, reply by reply; as [`crate::Talk`].
pub type Care = Box<dyn FnMut(Option<&Response<Vec<u8>>>, &Stamp) -> Result<Next, Broke> + Send>;
