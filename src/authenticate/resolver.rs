//! The DNS: which servers, how patiently, how often for one mail, and how long an answer is remembered.

use std::borrow::Borrow;
use std::hash::Hash;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use mail_auth::hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::hickory_resolver::system_conf::read_system_conf;
use mail_auth::{DnsError, Error, MessageAuthenticator, RecordSet, ResolverCache, Txt};

use super::{AuthenticateError, Resolvers};

/// Answers remembered, the least used are forgotten.
const CACHE_ENTRIES: u64 = 4096;
/// How long an answer is believed at most and at least, whatever its TTL says: a key that is taken back is dead within
/// the hour, and a zero TTL does not make every mail of a flood ask again.
const POSITIVE_TTL: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(3600));
/// The same for "there is none".
const NEGATIVE_TTL: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(300));
/// Patience with one try.
const TRY: Duration = Duration::from_millis(1200);

/// None where nothing is to be looked up.
pub fn resolver(resolvers: &Resolvers) -> Result<Option<MessageAuthenticator>, AuthenticateError> {
    let (config, mut options) = match resolvers {
        Resolvers::Off => return Ok(None),
        Resolvers::System => read_system_conf().map_err(|error| AuthenticateError::Resolvers(error.to_string()))?,
        Resolvers::Servers(servers) => {
            let servers = servers.iter().map(server).collect();
            (ResolverConfig::from_parts(None, vec![], servers), ResolverOpts::default())
        }
    };
    if config.name_servers().is_empty() {
        return Err(AuthenticateError::Resolvers("there is none".to_owned()));
    }
    options.timeout = TRY;
    options.attempts = 2;
    options.try_tcp_on_error = true;
    options.cache_size = CACHE_ENTRIES;
    (options.positive_min_ttl, options.positive_max_ttl) = (Some(POSITIVE_TTL.0), Some(POSITIVE_TTL.1));
    (options.negative_min_ttl, options.negative_max_ttl) = (Some(NEGATIVE_TTL.0), Some(NEGATIVE_TTL.1));
    let dns = MessageAuthenticator::new(config, options);
    dns.map(Some).map_err(|error| AuthenticateError::Resolvers(error.to_string()))
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let at = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    NameServerConfig::new(address.ip(), true, vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())])
}

/// Counts one mail's look-ups where the library would ask its cache, and answers for the DNS once they are used up. The
/// answers themselves are remembered by the resolver, for all mails.
pub struct LookUps {
    left: AtomicU32,
    exhausted: AtomicBool,
}

impl LookUps {
    pub fn new(budget: u32) -> Self {
        LookUps { left: AtomicU32::new(budget), exhausted: AtomicBool::new(false) }
    }

    pub fn exhausted(&self) -> bool {
        self.exhausted.load(Ordering::Relaxed)
    }

    /// False when none is left.
    fn take(&self) -> bool {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if !taken {
            self.exhausted.store(true, Ordering::Relaxed);
        }
        taken
    }
}

impl ResolverCache<Box<str>, Txt> for LookUps {
    fn get<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        (!self.take()).then(|| Txt::Error(Error::Dns(DnsError::Resolver("no look-up is left".to_owned()))))
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: std::time::Instant) {}
}

/// Asked only whether a name exists at all (RFC 9989 section 4.10.1).
impl ResolverCache<Box<str>, RecordSet<Ipv4Addr>> for LookUps {
    fn get<Q>(&self, _: &Q) -> Option<RecordSet<Ipv4Addr>>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        (!self.take()).then(|| RecordSet { rrset: std::sync::Arc::from([]), dnssec_status: Default::default() })
    }

    fn remove<Q>(&self, _: &Q) -> Option<RecordSet<Ipv4Addr>>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: RecordSet<Ipv4Addr>, _: std::time::Instant) {}
}
