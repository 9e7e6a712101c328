//! Floor 2: the operator's TOML file → a checked [`crate::model::Policy`] and the settings of each connection.
