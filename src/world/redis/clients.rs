//! Whoever is connected, really or within a pod.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;

use super::reply::Reply;
use super::users::User;
use super::{CLIENT_MEMORY, Client, MOST_CLIENTS, Redis};

impl Redis {
    /// A place for a client, and what tells it that it has to go; the refusal's words where there is none.
    pub fn connect(&mut self, address: &str) -> Result<(u64, Arc<AtomicBool>), String> {
        if !self.up {
            return Err(String::new());
        }
        if self.clients.len() >= self.number("maxclients").min(MOST_CLIENTS) {
            self.counts.rejected += 1;
            return Err("ERR max number of clients reached".into());
        }
        let (id, gone) = (self.next_client, Arc::new(AtomicBool::new(false)));
        self.next_client += 1;
        self.counts.connections += 1;
        let open = self.users.first().is_some_and(User::is_open);
        let client = Client {
            address: address.to_owned(),
            user: open.then(|| "default".to_owned()),
            since: self.now,
            last: self.now,
            command: "NULL".into(),
            memory: CLIENT_MEMORY,
            gone: Arc::clone(&gone),
            ..Client::default()
        };
        self.clients.insert(id, client);
        Ok((id, gone))
    }

    pub fn leave(&mut self, id: u64) {
        self.clients.remove(&id);
    }

    /// One command and its answer, as bytes.
    pub fn answer(&mut self, id: u64, words: &[Bytes]) -> Vec<u8> {
        let reply = self.ask(id, words);
        let out = reply.bytes(self.clients.get(&id).is_some_and(|client| client.resp3));
        self.counts.read += words.iter().map(|word| word.len() as u64 + 5).sum::<u64>();
        self.counts.written += out.len() as u64;
        out
    }

    /// `redis-cli` as it runs within a pod, without a terminal: its words without the program's name.
    pub fn run(&mut self, user: &str, argv: &[&str]) -> String {
        const VALUED: [&str; 10] =
            ["--rdb", "-h", "-p", "-i", "-t", "-a", "-n", "--pass", "--user", "--pattern"];
        let (mut words, mut options) = (argv, BTreeMap::new());
        while let [option, rest @ ..] = words
            && option.starts_with('-')
        {
            let valued = VALUED.contains(option);
            if !valued && !["--scan", "--raw", "--no-auth-warning"].contains(option) {
                return format!("Unrecognized option or bad number of args for: '{option}'\n");
            }
            options.insert(*option, if valued { rest.first().copied().unwrap_or("") } else { "" });
            words = rest.get(usize::from(valued)..).unwrap_or_default();
        }
        let id = match self.connect("127.0.0.1:0") {
            Ok((id, _)) => id,
            Err(why) if why.is_empty() => {
                return "Could not connect to Redis at 127.0.0.1:6379: Connection refused\n".into();
            }
            Err(why) => return format!("Error: {why}\n"),
        };
        if user != "default"
            && let Some(client) = self.clients.get_mut(&id)
        {
            client.user = Some(user.to_owned());
        }
        let mut say = |words: &[&str]| {
            let words: Vec<Bytes> =
                words.iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
            self.ask(id, &words)
        };
        let mut out = String::new();
        let name = options.get("--user").copied().unwrap_or("default");
        if let Some(password) = options.get("-a").or(options.get("--pass"))
            && let Reply::Error(why) = say(&["AUTH", name, password])
        {
            out = format!("AUTH failed: {why}\n");
        }
        if let Some(db) = options.get("-n") {
            say(&["SELECT", db]);
        }
        if let Some(file) = options.get("--rdb") {
            let bytes = self.store.size();
            self.note_deed(user.to_owned(), format!("SYNC to {file}"));
            out = format!(
                "SYNC sent to master, writing {bytes} bytes to '{file}'\nTransfer finished with success.\n"
            );
        } else if options.contains_key("--scan") {
            let pattern = options.get("--pattern").copied().unwrap_or("*");
            let said = say(&["SCAN", "0", "MATCH", pattern, "COUNT", "1000000"]).raw();
            out.extend(said.split_inclusive('\n').skip(1));
            out.push_str(if said.contains('\n') { "\n" } else { "" });
        } else {
            out.push_str(&say(words).raw());
            out.push('\n');
        }
        self.leave(id);
        out
    }
}
