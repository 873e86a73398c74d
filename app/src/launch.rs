//! Command-line words to a session.
