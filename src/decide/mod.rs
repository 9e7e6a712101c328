//! Floor 1: policy. Pure: the same mail, facts and time give the same decision.
