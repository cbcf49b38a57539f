//! What has just been done, as the next page says it.

use serde::Deserialize;

/// Something that has just been done: a closed list, so that no address can make a page say what it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    Picked,
    Short,
    Made,
    Dropped,
    LetGo,
    Settled,
    Mapped,
    Works,
    Fails,
    Paused,
    Resumed,
    Begun,
    Saved,
    Given,
    Confirmed,
    Ended,
    Connected,
    Replaced,
    Assessed,
    Parting,
    Stored,
    Received,
    Repeated,
    Asked,
    HoldAsked,
    HoldAgreed,
    Told,
    Opened,
    Entered,
}

impl Done {
    /// Its word in an address.
    pub fn key(self) -> &'static str {
        self.words().0
    }

    /// What a page says of it.
    pub fn said(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Picked => ("picked", "Picked. On to the next stop."),
            Self::Short => ("short", "Short pick noted. The orders it is missing from are allocated again."),
            Self::Made => ("made", "The list is made."),
            Self::Dropped => ("dropped", "The list is closed. What was not picked can go on another."),
            Self::LetGo => ("let-go", "The order goes on."),
            Self::Settled => ("settled", "Settled. What is due next begins within a minute."),
            Self::Mapped => ("mapped", "Mapped. Orders that waited for it go on by themselves."),
            Self::Works => ("works", "The account answers as it should."),
            Self::Fails => {
                ("fails", "The account did not answer as it should: look at its state and credentials.")
            }
            Self::Paused => ("paused", "Paused. Nothing is sent to it or taken from it."),
            Self::Resumed => ("resumed", "Resumed. What changed meanwhile is read now."),
            Self::Begun => ("begun", "The merchant is made. What comes next is listed here."),
            Self::Saved => ("saved", "Saved. The other parts work by it within a minute."),
            Self::Given => ("given", "Stored. They can sign in and work now."),
            Self::Confirmed => ("confirmed", "Confirmed for another quarter."),
            Self::Ended => ("ended", "Ended. Their next request is refused."),
            Self::Connected => ("connected", "Connected. Its secrets are sealed and are shown nowhere."),
            Self::Replaced => ("replaced", "The secrets are replaced."),
            Self::Assessed => ("assessed", "On record. The carrier may be given what its services need."),
            Self::Parting => ("parting", "Disconnected. Everything of its buyers is being erased."),
            Self::Stored => ("stored", "Stored. What is sold is told to the channels."),
            Self::Received => ("received", "On the shelf. Orders that waited for it go on by themselves."),
            Self::Repeated => ("repeated", "This delivery was booked before; nothing was added."),
            Self::Asked => ("asked", "On record. The erasure has begun; its certificate appears here."),
            Self::HoldAsked => ("hold-asked", "Asked for. It holds nothing until a second person agrees."),
            Self::HoldAgreed => ("hold-agreed", "The hold is in force."),
            Self::Told => ("told", "On record."),
            Self::Opened => ("opened", "The incident is open and its clocks run."),
            Self::Entered => ("entered", "Entered."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Done;

    #[test]
    fn every_word_in_an_address_is_read_back() {
        for done in [
            Done::Picked,
            Done::Short,
            Done::Made,
            Done::Dropped,
            Done::LetGo,
            Done::Settled,
            Done::Mapped,
            Done::Works,
            Done::Fails,
            Done::Paused,
            Done::Resumed,
            Done::Begun,
            Done::Saved,
            Done::Given,
            Done::Confirmed,
            Done::Ended,
            Done::Connected,
            Done::Replaced,
            Done::Assessed,
            Done::Parting,
            Done::Stored,
            Done::Received,
            Done::Repeated,
            Done::Asked,
            Done::HoldAsked,
            Done::HoldAgreed,
            Done::Told,
            Done::Opened,
            Done::Entered,
        ] {
            let read: Done = serde_json::from_value(done.key().into()).unwrap();
            assert_eq!(read, done);
        }
    }
}
