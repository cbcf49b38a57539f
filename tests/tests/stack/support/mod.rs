//! What the stories share.

mod account;
mod founder;
mod shop;
mod story;
mod time;

pub use account::Own;
pub use founder::Founder;
pub use shop::{PREVIOUS_SECRET, Reply, Shop, invented, letters, stack, unique};
pub use story::Story;
pub use time::{deliver_everything, now, tick, until};

/// The template that the stack was deployed from.
pub fn template() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")
}
