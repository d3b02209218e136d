//! INFO: of the original's sections and fields those that people and tools look at.
use super::reply::human;
use super::table::VERSION;
use super::{BASE, CLIENT_MEMORY, Redis, float, seconds, whole};

const TOTAL: usize = 8 << 30;

impl Redis {
    pub(super) fn info(&self, asked: &[String]) -> String {
        let sections = [
            ("Server", self.server()),
            ("Clients", self.connected()),
            ("Memory", self.memory()),
            ("Persistence", self.persistence()),
            ("Stats", self.stats()),
            ("Replication", self.replication()),
            ("Errorstats", self.errorstats()),
            ("Cluster", "cluster_enabled:0\n".into()),
            ("Keyspace", self.keyspace()),
        ];
        let is_asked = |title: &str| {
            let names = [title.to_lowercase(), "default".into(), "all".into(), "everything".into()];
            asked.is_empty() || asked.iter().any(|own| names.contains(own))
        };
        let told = sections.into_iter().filter(|(title, _)| is_asked(title));
        let told: Vec<String> = told.map(|(title, fields)| format!("# {title}\n{fields}")).collect();
        told.join("\n").replace('\n', "\r\n")
    }

    fn server(&self) -> String {
        let (id, up) = (&self.id, whole(seconds(self.started, self.now)));
        let (days, port) = (up / 86_400, self.number("port"));
        format!(
            "redis_version:{VERSION}\nredis_mode:standalone\nos:Linux x86_64\narch_bits:64\nprocess_id:1\nrun_id:{id}\n\
             tcp_port:{port}\nuptime_in_seconds:{up}\nuptime_in_days:{days}\n\
             executable:/usr/local/bin/redis-server\nconfig_file:\n"
        )
    }

    fn connected(&self) -> String {
        let (now, most) = (self.clients.len(), self.number("maxclients"));
        format!("connected_clients:{now}\nmaxclients:{most}\nblocked_clients:0\n")
    }

    fn memory(&self) -> String {
        let (used, data, max, policy) = (self.used(), self.store.size(), self.max(), self.policy());
        let peak = self.counts.peak.max(used);
        // Freed memory is not given back at once.
        let lost = used / 25;
        let held = (used + lost).max(peak * 3 / 4) + (3 << 20);
        let sizes = [
            ("used_memory", used),
            ("used_memory_rss", held),
            ("used_memory_peak", peak),
            ("total_system_memory", TOTAL),
            ("maxmemory", max),
        ];
        let sizes = sizes.map(|(name, bytes)| format!("{name}:{bytes}\n{name}_human:{}\n", human(bytes)));
        let share = |part: usize, of: usize| float(part) / float(of.max(1));
        format!(
            "{}used_memory_peak_perc:{:.2}%\nused_memory_overhead:{}\nused_memory_startup:{BASE}\n\
             used_memory_dataset:{data}\nused_memory_scripts:184\nmaxmemory_policy:{policy}\n\
             allocator_frag_ratio:{:.2}\nallocator_frag_bytes:{lost}\nmem_fragmentation_ratio:{:.2}\n\
             mem_clients_normal:{}\nmem_allocator:jemalloc-5.3.0\n",
            sizes.concat(),
            share(used, peak) * 100.0,
            used - data,
            share(used + lost, used),
            share(held, used),
            self.clients.len() * CLIENT_MEMORY,
        )
    }

    fn persistence(&self) -> String {
        let (changes, saving, saved) =
            (self.changes, u8::from(self.saving.is_some()), self.saved.as_second());
        format!(
            "loading:0\nrdb_changes_since_last_save:{changes}\nrdb_bgsave_in_progress:{saving}\n\
             rdb_last_save_time:{saved}\nrdb_last_bgsave_status:ok\naof_enabled:0\naof_rewrite_in_progress:0\n"
        )
    }

    fn stats(&self) -> String {
        let counts = &self.counts;
        format!(
            "total_connections_received:{}\ntotal_commands_processed:{}\ninstantaneous_ops_per_sec:{}\n\
             instantaneous_input_kbps:{:.2}\ninstantaneous_output_kbps:{:.2}\nrejected_connections:{}\n\
             expired_keys:{}\nevicted_keys:{}\nkeyspace_hits:{}\nkeyspace_misses:{}\nlatest_fork_usec:412\n",
            counts.connections,
            counts.commands,
            whole(counts.rate),
            counts.rate * 0.06,
            counts.rate * 0.2,
            counts.rejected,
            counts.expired,
            counts.evicted,
            counts.hits,
            counts.misses,
        )
    }

    fn replication(&self) -> String {
        let id: String = self.id.chars().rev().collect();
        format!("role:master\nconnected_slaves:0\nmaster_replid:{id}\nmaster_repl_offset:0\n")
    }

    fn errorstats(&self) -> String {
        let line = |(code, count)| format!("errorstat_{code}:count={count}\n");
        self.errors.iter().map(line).collect::<Vec<_>>().concat()
    }

    fn keyspace(&self) -> String {
        let line = |db: u8| {
            let keys = self.store.from((db, 0)).count();
            let (ending, left) = self.store.ending(db, self.millis());
            let average = left.checked_div(i64::try_from(ending).unwrap_or(0)).unwrap_or(0);
            (keys > 0).then(|| format!("db{db}:keys={keys},expires={ending},avg_ttl={average}\n"))
        };
        (0..16).filter_map(line).collect()
    }
}
