//! Registers and incidents of a merchant, in the registry.

use crate::db::{Db, from_item, key, to_item};
use crate::error::StoreError;
use jiff::Timestamp;
use waybill_domain::incident::Incident;
use waybill_domain::register::{Entry, Register, is_assessed};
use waybill_domain::{ConnectionId, IncidentId, MerchantId};

/// How often a changing incident is changed anew.
const TRIES: usize = 5;

fn sk(register: Register, name: &str) -> String {
    format!("register#{register:?}#{name}")
}

fn incident_sk(id: &IncidentId) -> String {
    format!("incident#{id}")
}

impl Db {
    /// A line of a register.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn register_entry(
        &self,
        merchant: &MerchantId,
        register: Register,
        name: &str,
    ) -> Result<Option<Entry>, StoreError> {
        let item = self.get(&self.tables.registry, merchant.as_str(), &sk(register, name)).await?;
        item.map(|item| from_item(item, "register")).transpose()
    }

    /// Stores a line of a register in place of the one of the same name.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_register_entry(&self, merchant: &MerchantId, entry: &Entry) -> Result<(), StoreError> {
        self.save_entry(to_item(entry)?, merchant.as_str(), &sk(entry.register, &entry.name)).await
    }

    /// Every line of every register of a merchant.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn register_entries(&self, merchant: &MerchantId) -> Result<Vec<Entry>, StoreError> {
        self.entries(merchant, "register#", "register").await
    }

    /// Whether a carrier or channel may be given personal data: its yearly assessment is fresh (CONTROLS H2). To be
    /// asked before a booking; a carrier that was never assessed may not.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn processor_is_assessed(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let entry = self.register_entry(merchant, Register::Processor, connection.as_str()).await?;
        Ok(is_assessed(entry.as_ref(), now))
    }

    /// Enters that a carrier or channel was assessed.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_assessment(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
        owner: &str,
        done_at: Timestamp,
    ) -> Result<(), StoreError> {
        let entry = Entry {
            register: Register::Processor,
            name: connection.to_string(),
            done_at,
            owner: owner.to_owned(),
            version: None,
            severity: None,
            controls: Vec::new(),
            changed_at: None,
            closed: false,
        };
        self.save_register_entry(merchant, &entry).await
    }

    /// Stores a new incident.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_incident(&self, merchant: &MerchantId, incident: &Incident) -> Result<(), StoreError> {
        self.save_entry(to_item(incident)?, merchant.as_str(), &incident_sk(&incident.id)).await
    }

    /// Changes an incident as it is stored, so that of two who change it at the same moment neither is lost; `None` when
    /// there is none.
    ///
    /// # Errors
    /// As AWS answers; `Conflict` when it keeps changing.
    pub async fn change_incident(
        &self,
        merchant: &MerchantId,
        id: &IncidentId,
        change: impl Fn(&mut Incident),
    ) -> Result<Option<Incident>, StoreError> {
        for _ in 0..TRIES {
            let held = self.get(&self.tables.registry, merchant.as_str(), &incident_sk(id)).await?;
            let Some(held) = held else { return Ok(None) };
            let mut incident: Incident = from_item(held.clone(), "incident")?;
            change(&mut incident);
            let mut item = to_item(&incident)?;
            item.extend(key(merchant.as_str(), &incident_sk(id)));
            if self.put_over(&self.tables.registry, item, Some(held)).await? {
                return Ok(Some(incident));
            }
        }
        Err(StoreError::Conflict)
    }

    /// An incident of a merchant.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn incident(
        &self,
        merchant: &MerchantId,
        id: &IncidentId,
    ) -> Result<Option<Incident>, StoreError> {
        let item = self.get(&self.tables.registry, merchant.as_str(), &incident_sk(id)).await?;
        item.map(|item| from_item(item, "incident")).transpose()
    }

    /// Every incident of a merchant.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn incidents(&self, merchant: &MerchantId) -> Result<Vec<Incident>, StoreError> {
        self.entries(merchant, "incident#", "incident").await
    }
}
