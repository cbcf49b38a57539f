//! Who may do what: the one matrix of roles and actions, and the training without which nobody opens
//! personal data (CONTROLS E2, H3). Merchant, role and training come from the registry, never from a token.

use crate::time::{after, days};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a member of a merchant's staff is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Answers for the merchant's account.
    Owner,
    /// Runs the warehouse and sees exceptions.
    Manager,
    /// Picks, packs and prints labels.
    Packer,
    /// Answers customers.
    Support,
    /// Reads what was done, never a customer.
    Auditor,
    /// A program of the merchant.
    Integrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Owner, Self::Manager, Self::Packer, Self::Support, Self::Auditor, Self::Integrator];
}

/// Why personal data is to be opened, as far as the matrix tells the purposes apart. The purpose itself is a
/// type of the privacy crate, which stands on this one; whoever asks turns one into the other exhaustively.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// To pick or pack.
    Pick,
    /// To book or print a label.
    Label,
    /// To settle an exception.
    Exception,
    /// Goods come back.
    Return,
    /// The buyer asks for their data.
    Request,
    /// The law demands it.
    Legal,
}

impl Why {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::Pick, Self::Label, Self::Exception, Self::Return, Self::Request, Self::Legal];
}

/// What staff can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Orders of one status, without personal data.
    ListOrders,
    /// One order, without personal data.
    ReadOrder,
    /// Orders that need a person, without personal data.
    ListExceptions,
    /// Levels and reservations, places, SKUs, pick lists, and why an order is served as it is.
    ReadStock,
    /// Accounts at channels and carriers, without their secrets.
    ReadConnections,
    /// The settings of the merchant.
    ReadMerchant,
    /// Make the merchant, and change its settings.
    KeepMerchant,
    /// Connect, try, pause, rotate and take away accounts.
    ManageConnections,
    /// Try an address that hears of events, and have what did not arrive sent again.
    ReplayEvents,
    /// Move, count, transfer and pick goods.
    WorkStock,
    /// Book a count that another person's eyes are needed for.
    ApproveCount,
    /// Enter SKUs, mappings, goods on order, and whole files of them.
    KeepCatalogue,
    /// Change warehouses, bins and the policy.
    KeepPlaces,
    /// Have a carrier account's parcels handed over: nothing undoes it.
    HandOver,
    /// Let an order go that a rule holds.
    LetGo,
    /// Cancel an order, hold and release it, and say how it is to leave.
    DirectOrder,
    /// The recipient of one order.
    RevealRecipient(Why),
    /// The label of one shipment.
    DownloadLabel(Why),
    /// Everything held on one buyer, as a file for them.
    ExportBuyer,
    /// To ask for, or to agree to, a legal hold.
    HoldOrder,
    /// To agree that somebody opens one order beyond their role.
    AgreeToBreakGlass,
    /// To have an order or a buyer erased.
    EraseBuyer,
    /// To have everything of a connection or of the merchant erased.
    EraseEverything,
    /// Requests of buyers and how long they have left.
    ReadRequests,
    /// Registers, what is due, and how the software judges itself.
    ReadRegisters,
    /// To enter something into a register.
    WriteRegisters,
    /// To open an incident, see who is affected and decide on notices.
    HandleIncidents,
    /// To give, confirm or end what a member of staff may do.
    ManageStaff,
}

impl Action {
    /// It opens personal data.
    pub fn opens_personal_data(self) -> bool {
        match self {
            Self::RevealRecipient(_) | Self::DownloadLabel(_) | Self::ExportBuyer => true,
            Self::ListOrders
            | Self::ReadOrder
            | Self::ListExceptions
            | Self::ReadStock
            | Self::HoldOrder
            | Self::AgreeToBreakGlass
            | Self::EraseBuyer
            | Self::EraseEverything
            | Self::ReadRequests
            | Self::ReadRegisters
            | Self::WriteRegisters
            | Self::HandleIncidents
            | Self::ManageStaff
            | Self::ReadConnections
            | Self::ReadMerchant
            | Self::KeepMerchant
            | Self::ManageConnections
            | Self::ReplayEvents
            | Self::WorkStock
            | Self::ApproveCount
            | Self::KeepCatalogue
            | Self::KeepPlaces
            | Self::HandOver
            | Self::LetGo
            | Self::DirectOrder => false,
        }
    }
}

/// The longest a training record counts, in days (CONTROLS H3).
pub const TRAINING_DAYS: i64 = 365;

/// How long a grant lasts before someone has to confirm it again, in days (CONTROLS E5).
pub const REVIEW_DAYS: i64 = 90;

/// What is known of someone's right to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What for.
    pub role: Role,
    /// Until when their training counts.
    pub trained_until: Timestamp,
    /// When somebody else last confirmed that they still need it.
    pub reviewed_at: Timestamp,
}

/// Why an action is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The role does not have it.
    #[error("the role does not allow this")]
    Role,
    /// It opens personal data and no training is valid now.
    #[error("no training is valid today")]
    Training,
    /// Nobody has confirmed the grant this quarter.
    #[error("the grant was not confirmed this quarter")]
    Review,
}

/// Whether a role has an action at all.
pub fn allowed(role: Role, action: Action) -> bool {
    match action {
        // Nothing in these answers names or locates a person.
        Action::ListOrders | Action::ReadOrder | Action::ListExceptions | Action::ReadStock => match role {
            Role::Owner | Role::Manager | Role::Packer | Role::Support | Role::Auditor | Role::Integrator => {
                true
            }
        },
        Action::ReadConnections => match role {
            Role::Owner | Role::Manager | Role::Auditor | Role::Integrator => true,
            Role::Packer | Role::Support => false,
        },
        Action::ReadMerchant => match role {
            Role::Owner | Role::Manager => true,
            Role::Packer | Role::Support | Role::Auditor | Role::Integrator => false,
        },
        // Who changes where data comes from and goes to, and how long it is kept, answers for it.
        Action::ManageConnections | Action::KeepMerchant => role == Role::Owner,
        Action::WorkStock => match role {
            Role::Owner | Role::Manager | Role::Packer | Role::Integrator => true,
            Role::Support | Role::Auditor => false,
        },
        Action::KeepCatalogue | Action::ReplayEvents => match role {
            Role::Owner | Role::Manager | Role::Integrator => true,
            Role::Packer | Role::Support | Role::Auditor => false,
        },
        Action::ApproveCount | Action::KeepPlaces | Action::HandOver => match role {
            Role::Owner | Role::Manager => true,
            Role::Packer | Role::Support | Role::Auditor | Role::Integrator => false,
        },
        Action::LetGo => match role {
            Role::Owner | Role::Manager | Role::Support => true,
            Role::Packer | Role::Auditor | Role::Integrator => false,
        },
        // A merchant's own order system cancels and holds as its people do.
        Action::DirectOrder => match role {
            Role::Owner | Role::Manager | Role::Support | Role::Integrator => true,
            Role::Packer | Role::Auditor => false,
        },
        Action::RevealRecipient(why) | Action::DownloadLabel(why) => match role {
            Role::Owner => true,
            Role::Manager => why != Why::Legal,
            Role::Packer => matches!(why, Why::Pick | Why::Label),
            Role::Support => matches!(why, Why::Exception | Why::Return | Why::Request),
            Role::Auditor | Role::Integrator => false,
        },
        Action::ExportBuyer | Action::EraseBuyer => match role {
            Role::Owner | Role::Manager | Role::Support => true,
            Role::Packer | Role::Auditor | Role::Integrator => false,
        },
        Action::HoldOrder | Action::AgreeToBreakGlass | Action::WriteRegisters | Action::HandleIncidents => {
            match role {
                Role::Owner | Role::Manager => true,
                Role::Packer | Role::Support | Role::Auditor | Role::Integrator => false,
            }
        }
        Action::ReadRequests => match role {
            Role::Owner | Role::Manager | Role::Support | Role::Auditor => true,
            Role::Packer | Role::Integrator => false,
        },
        Action::ReadRegisters => match role {
            Role::Owner | Role::Manager | Role::Auditor => true,
            Role::Packer | Role::Support | Role::Integrator => false,
        },
        Action::EraseEverything | Action::ManageStaff => role == Role::Owner,
    }
}

/// Training that ends at `until` counts at `now`. A record that would last longer than [`TRAINING_DAYS`] from
/// now cannot come from a training that took place, so it counts for nothing.
pub fn is_trained(until: Timestamp, now: Timestamp) -> bool {
    now < until && until <= after(now, days(TRAINING_DAYS))
}

/// A grant confirmed at `reviewed_at` still holds at `now`. One confirmed in the future was not confirmed.
pub fn is_reviewed(reviewed_at: Timestamp, now: Timestamp) -> bool {
    reviewed_at <= now && now < after(reviewed_at, days(REVIEW_DAYS))
}

/// Whether someone may act now.
///
/// # Errors
/// The reason why not; the role is judged first, then whether the grant was confirmed, then the training.
pub fn permit(who: Standing, action: Action, now: Timestamp) -> Result<(), Refusal> {
    if !allowed(who.role, action) {
        return Err(Refusal::Role);
    }
    if !is_reviewed(who.reviewed_at, now) {
        return Err(Refusal::Review);
    }
    if action.opens_personal_data() && !is_trained(who.trained_until, now) {
        return Err(Refusal::Training);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_this_and_nothing_else() {
        // One column per purpose: pick, label, exception, return, request, legal.
        let rows = [
            (Role::Owner, "yes yes yes yes yes yes"),
            (Role::Manager, "yes yes yes yes yes no"),
            (Role::Packer, "yes yes no no no no"),
            (Role::Support, "no no yes yes yes no"),
            (Role::Auditor, "no no no no no no"),
            (Role::Integrator, "no no no no no no"),
        ];
        assert_eq!(rows.map(|(role, _)| role), Role::ALL);
        for (role, row) in rows {
            for (why, cell) in Why::ALL.into_iter().zip(row.split(' ')) {
                for action in [Action::RevealRecipient(why), Action::DownloadLabel(why)] {
                    assert_eq!(allowed(role, action), cell == "yes", "{role:?} {action:?}");
                }
            }
            // And one column per kind of work on stock: work, approve, catalogue, places, let go.
            let work = match role {
                Role::Owner | Role::Manager => "yes yes yes yes yes",
                Role::Packer => "yes no no no no",
                Role::Support => "no no no no yes",
                Role::Auditor => "no no no no no",
                Role::Integrator => "yes no yes no no",
            };
            let actions = [
                Action::WorkStock,
                Action::ApproveCount,
                Action::KeepCatalogue,
                Action::KeepPlaces,
                Action::LetGo,
            ];
            for (action, cell) in actions.into_iter().zip(work.split(' ')) {
                assert_eq!(allowed(role, action), cell == "yes", "{role:?} {action:?}");
            }
            for action in [Action::ListOrders, Action::ReadOrder, Action::ListExceptions, Action::ReadStock] {
                assert!(allowed(role, action), "{role:?} {action:?}");
            }
        }
        // One column per role, in the order of `Role::ALL`.
        for (action, row) in [
            (Action::ExportBuyer, "yes yes no yes no no"),
            (Action::EraseBuyer, "yes yes no yes no no"),
            (Action::HoldOrder, "yes yes no no no no"),
            (Action::AgreeToBreakGlass, "yes yes no no no no"),
            (Action::ReadRequests, "yes yes no yes yes no"),
            (Action::ReadRegisters, "yes yes no no yes no"),
            (Action::WriteRegisters, "yes yes no no no no"),
            (Action::HandleIncidents, "yes yes no no no no"),
            (Action::DirectOrder, "yes yes no yes no yes"),
            (Action::ReadMerchant, "yes yes no no no no"),
            (Action::HandOver, "yes yes no no no no"),
            (Action::KeepMerchant, "yes no no no no no"),
            (Action::EraseEverything, "yes no no no no no"),
            (Action::ManageStaff, "yes no no no no no"),
        ] {
            for (role, cell) in Role::ALL.into_iter().zip(row.split(' ')) {
                assert_eq!(allowed(role, action), cell == "yes", "{role:?} {action:?}");
            }
        }
    }

    fn owner(now: Timestamp) -> Standing {
        Standing { role: Role::Owner, trained_until: after(now, days(1)), reviewed_at: now }
    }

    #[test]
    fn without_training_personal_data_stays_closed_and_the_rest_stays_open() {
        let now: Timestamp = "2026-11-23T09:15:00Z".parse().unwrap();
        let reveal = |trained_until| {
            permit(Standing { trained_until, ..owner(now) }, Action::RevealRecipient(Why::Legal), now)
        };
        assert_eq!(reveal(after(now, days(1))), Ok(()));
        assert_eq!(reveal(after(now, days(TRAINING_DAYS))), Ok(()));
        assert_eq!(reveal(now), Err(Refusal::Training));
        assert_eq!(reveal(after(now, days(TRAINING_DAYS + 1))), Err(Refusal::Training));
        let untrained = Standing { trained_until: now, ..owner(now) };
        assert_eq!(permit(untrained, Action::ReadOrder, now), Ok(()));
        // Whoever has no right hears nothing of training.
        let auditor = Standing { role: Role::Auditor, ..untrained };
        assert_eq!(permit(auditor, Action::DownloadLabel(Why::Label), now), Err(Refusal::Role));
    }

    #[test]
    fn a_grant_that_nobody_confirmed_this_quarter_ends_by_itself() {
        let now: Timestamp = "2026-11-23T09:15:00Z".parse().unwrap();
        let since = |n| Standing { reviewed_at: after(now, days(n)), ..owner(now) };
        for action in [Action::ReadOrder, Action::ManageStaff, Action::RevealRecipient(Why::Label)] {
            assert_eq!(permit(since(1 - REVIEW_DAYS), action, now), Ok(()));
            assert_eq!(permit(since(-REVIEW_DAYS), action, now), Err(Refusal::Review));
            assert_eq!(permit(since(1), action, now), Err(Refusal::Review), "not confirmed yet");
        }
    }
}
