//! Floor 3: where mail comes from. A source shows what it holds, hands over bytes, and files what was taken in; it
//! decides nothing and remembers nothing.
