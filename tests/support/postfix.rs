//! A real Postfix of the test's own: private configuration and queue, free ports on loopback, AUTH by a Dovecot that
//! does nothing else, delivery into one Maildir. Stopped when it is dropped. Fails, never skips, where Postfix is missing.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

pub const USER: &str = "desk@acme.example";
pub const PASSWORD: &str = "correct horse";
/// RCPT is answered 550 5.1.1.
pub const UNKNOWN: &str = "unknown@inbox.example";
/// RCPT is answered 450 4.2.1.
pub const GREYLISTED: &str = "greylisted@inbox.example";

pub struct Postfix {
    scratch: TempDir,
    /// No TLS, no AUTH.
    pub plain: u16,
    /// STARTTLS, then AUTH, before any mail.
    pub submission: u16,
    /// TLS from the first byte, then AUTH.
    pub smtps: u16,
    dovecot: Child,
    master: Child,
}

impl Postfix {
    pub fn start() -> Self {
        Self::start_with("", "")
    }

    /// With further lines in main.cf and master.cf.
    pub fn start_with(main: &str, master: &str) -> Self {
        for program in ["/usr/sbin/postfix", "/usr/sbin/dovecot"] {
            assert!(
                Path::new(program).exists(),
                "{program} is missing; install Debian's postfix and dovecot-core (scripts/test does)"
            );
        }
        assert!(is_root(), "Postfix's master needs root to start its daemons as other users; run this test as root");
        let scratch = tempfile::Builder::new().prefix("postdesk-postfix-").tempdir().expect("scratch folder");
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).expect("scratch folder opened");
        let [plain, submission, smtps] = free_ports();
        write_certificates(scratch.path());
        write_configuration(scratch.path(), plain, submission, smtps);
        let append = |name: &str, more: &str| {
            let path = scratch.path().join("conf").join(name);
            let text = fs::read_to_string(&path).expect("written before") + more;
            write_older(&path, &text.replace("@SCRATCH@", &scratch.path().to_string_lossy()));
        };
        append("main.cf", main);
        append("master.cf", master);
        let dovecot = start_dovecot(scratch.path());
        let master = start_master(scratch.path());
        let postfix = Postfix { scratch, plain, submission, smtps, dovecot, master };
        postfix.await_ports();
        postfix
    }

    /// The authority that signed the servers' certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.scratch.path().join("ca.pem")
    }

    /// The mails delivered so far, as they lie in the Maildir.
    pub fn delivered(&self) -> Vec<Delivered> {
        let new = self.scratch.path().join("mail/box/new");
        let Ok(files) = fs::read_dir(new) else { return Vec::new() };
        files.map(|file| Delivered::read(&file.expect("folder entry").path())).collect()
    }

    /// Waits until so many mails are delivered.
    pub fn await_delivered(&self, count: usize) -> Vec<Delivered> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let delivered = self.delivered();
            if delivered.len() >= count {
                return delivered;
            }
            assert!(Instant::now() < end, "{} of {count} mails were delivered\n{}", delivered.len(), self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Has what waits in the queue tried now. Needs pickup(8) and showq(8).
    pub fn flush(&self) {
        let conf = self.scratch.path().join("conf");
        let done = Command::new("/usr/sbin/postqueue").arg("-c").arg(conf).arg("-f").status();
        assert!(done.expect("postqueue runs").success(), "{}", self.log());
    }

    /// Connections that clients have made, by Postfix's own log, without the one that looked whether it is up.
    pub fn connections(&self) -> usize {
        self.log().lines().filter(|line| line.contains("]: connect from ")).count().saturating_sub(1)
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }

    fn await_ports(&self) {
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.plain)).is_err() {
            assert!(Instant::now() < end, "Postfix does not listen\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        // smtpd logs the connection when it has it; the count of connections starts after that.
        while !self.log().contains("]: connect from ") {
            assert!(Instant::now() < end, "Postfix does not greet\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // Their daemons end by themselves when their masters are gone. Asked to end, they would take a second each.
        for master in [&mut self.master, &mut self.dovecot] {
            let _ = master.kill();
            let _ = master.wait();
        }
    }
}

/// A mail as Postfix delivered it.
#[derive(Clone, Debug)]
pub struct Delivered {
    pub return_path: String,
    pub delivered_to: String,
    /// What was sent: without the fields that delivery put before it, line ends CR LF again.
    pub bytes: Vec<u8>,
}

impl Delivered {
    fn read(path: &Path) -> Self {
        let text = fs::read(path).expect("delivered mail");
        let mut rest = text.as_slice();
        let mut delivered = Delivered { return_path: String::new(), delivered_to: String::new(), bytes: Vec::new() };
        // Postfix puts these three and one Received, folded, before the mail.
        let mut received = false;
        while let Some(end) = rest.iter().position(|&b| b == b'\n') {
            let (line, after) = rest.split_at(end + 1);
            let line = String::from_utf8_lossy(line).trim_end().to_owned();
            if let Some(path) = line.strip_prefix("Return-Path: ") {
                delivered.return_path = path.to_owned();
            } else if let Some(to) = line.strip_prefix("Delivered-To: ") {
                delivered.delivered_to = to.to_owned();
            } else if line.starts_with("Received: ") && !received {
                received = true;
            } else if !(line.starts_with("X-Original-To: ") || received && line.starts_with('\t')) {
                break;
            }
            rest = after;
        }
        for &byte in rest {
            if byte == b'\n' {
                delivered.bytes.push(b'\r');
            }
            delivered.bytes.push(byte);
        }
        delivered
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id runs");
    output.stdout == b"0\n"
}

/// Ports that were free a moment ago; all are held until the last is known, so that they differ.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners: [TcpListener; N] =
        std::array::from_fn(|_| TcpListener::bind(("127.0.0.1", 0)).expect("a free port on loopback"));
    listeners.each_ref().map(|listener| listener.local_addr().expect("bound").port())
}

fn write_certificates(scratch: &Path) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().expect("key");
    let ca = authority.self_signed(&authority_key).expect("authority");
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect("key");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let server = CertificateParams::new(names).expect("names").signed_by(&key, &issuer).expect("certificate");
    fs::write(scratch.join("ca.pem"), ca.pem()).expect("written");
    fs::write(scratch.join("server.pem"), server.pem()).expect("written");
    fs::write(scratch.join("server.key"), key.serialize_pem()).expect("written");
    fs::set_permissions(scratch.join("server.key"), fs::Permissions::from_mode(0o600)).expect("key closed");
}

fn id_of(option: &str, user: &str) -> u32 {
    let output = Command::new("id").args([option, user]).output().expect("id runs");
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or_else(|_| panic!("there is no user {user}"))
}

/// Postfix waits until a file it reads is seconds old, in case it is still being written.
fn write_older(path: &Path, text: &str) {
    fs::write(path, text).expect("written");
    let earlier = SystemTime::now() - Duration::from_secs(60);
    fs::File::options().write(true).open(path).and_then(|f| f.set_modified(earlier)).expect("made older");
}

fn write_configuration(scratch: &Path, plain: u16, submission: u16, smtps: u16) {
    let at = scratch.display();
    for folder in ["conf", "queue", "data", "mail", "auth"] {
        fs::create_dir(scratch.join(folder)).expect("folder");
    }
    let owner = Some(id_of("-u", "postfix"));
    chown(scratch.join("data"), owner, Some(id_of("-g", "postfix"))).expect("data folder");
    for folder in [
        "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "private",
        "public", "saved", "trace",
    ] {
        fs::create_dir(scratch.join("queue").join(folder)).expect("queue folder");
        chown(scratch.join("queue").join(folder), owner, None).expect("queue folder");
    }
    fs::create_dir(scratch.join("queue/pid")).expect("queue folder");
    // virtual(8) delivers as nobody.
    chown(scratch.join("mail"), Some(65534), Some(65534)).expect("mail folder");
    let recipients = format!("{UNKNOWN} 550 5.1.1 No such user here\n{GREYLISTED} 450 4.2.1 Come back later\n");
    write_older(&scratch.join("conf/recipients"), &recipients);
    let main = format!(
        "compatibility_level = 3.6\n\
         queue_directory = {at}/queue\ndata_directory = {at}/data\n\
         maillog_file = {at}/log\nmaillog_file_prefixes = {at}\n\
         inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmyhostname = mx.inbox.example\nmydestination =\n\
         mynetworks = 127.0.0.0/8\nlocal_recipient_maps =\nalias_maps =\nalias_database =\n\
         local_header_rewrite_clients =\n\
         virtual_mailbox_domains = static:all\nvirtual_mailbox_base = {at}/mail\nvirtual_mailbox_maps = static:box/\n\
         virtual_uid_maps = static:65534\nvirtual_gid_maps = static:65534\n\
         smtpd_recipient_restrictions = check_recipient_access texthash:{at}/conf/recipients\n\
         smtpd_tls_cert_file = {at}/server.pem\nsmtpd_tls_key_file = {at}/server.key\n\
         smtpd_sasl_type = dovecot\nsmtpd_sasl_path = {at}/auth/socket\n\
         smtpd_error_sleep_time = 0\nin_flow_delay = 0\nmessage_size_limit = 2000000\n"
    );
    write_older(&scratch.join("conf/main.cf"), &main);
    let login = "-o smtpd_tls_auth_only=yes -o smtpd_sasl_auth_enable=yes \
                 -o smtpd_relay_restrictions=permit_sasl_authenticated,reject \
                 -o smtpd_client_restrictions=permit_sasl_authenticated,reject";
    let master = format!(
        "127.0.0.1:{plain} inet n - n - - smtpd\n\
         127.0.0.1:{submission} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt {login}\n\
         127.0.0.1:{smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes {login}\n\
         cleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\nrewrite unix - - n - - trivial-rewrite\n\
         bounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\n\
         tlsmgr unix - - n 1000? 1 tlsmgr\nproxymap unix - - n - - proxymap\nerror unix - - n - - error\n\
         retry unix - - n - - error\ndiscard unix - - n - - discard\nvirtual unix - n n - - virtual\n\
         anvil unix - - n - 1 anvil\npostlog unix-dgram n - n - 1 postlogd\n"
    );
    fs::write(scratch.join("conf/master.cf"), master).expect("written");
}

/// Debian's place, or that of other systems.
fn daemons() -> PathBuf {
    let places = ["/usr/lib/postfix/sbin", "/usr/libexec/postfix", "/usr/lib/postfix"].map(PathBuf::from);
    places.into_iter().find(|place| place.join("master").exists()).expect("Postfix's master is installed")
}

/// The master itself: `postfix start` is a shell script that checks an installation first.
fn start_master(scratch: &Path) -> Child {
    let conf = scratch.join("conf");
    Command::new(daemons().join("master"))
        .arg("-d")
        .arg("-c")
        .arg(&conf)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("Postfix's master starts")
}

/// Only its auth socket, for Postfix (Dovecot's SASL).
fn start_dovecot(scratch: &Path) -> Child {
    let at = scratch.display();
    fs::write(scratch.join("auth/users"), format!("{USER}:{{PLAIN}}{PASSWORD}\n")).expect("written");
    let conf = format!(
        "base_dir = {at}/auth/run\nlog_path = {at}/auth/log\nprotocols =\nssl = no\ndisable_plaintext_auth = no\n\
         auth_mechanisms = plain login\nauth_failure_delay = 0\npassdb {{\n driver = passwd-file\n args = {at}/auth/users\n}}\n\
         service anvil {{\n unix_listener anvil-auth-penalty {{\n mode = 0\n }}\n}}\nuserdb {{\n driver = static\n args = uid=65534 gid=65534 home=/nonexistent\n}}\n\
         service auth {{\n unix_listener {at}/auth/socket {{\n mode = 0666\n }}\n}}\n"
    );
    fs::write(scratch.join("auth/dovecot.conf"), conf).expect("written");
    let child = Command::new("/usr/sbin/dovecot")
        .args(["-F", "-c"])
        .arg(scratch.join("auth/dovecot.conf"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("dovecot starts");
    let end = Instant::now() + Duration::from_secs(20);
    while !scratch.join("auth/socket").exists() {
        let log = || fs::read_to_string(scratch.join("auth/log")).unwrap_or_default();
        assert!(Instant::now() < end, "Dovecot opens no auth socket\n{}", log());
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}
