//! Files, processes, services and whole hosts.
use firedeck::commands::effect::Undo;

use super::{Answer, asks, effect, failed, ok, says};

#[test]
fn deleting_files_shows_how_many_how_large_and_how_old() {
    let found = effect(
        "rm -rf /srv/app/cache old.log",
        &[
            (
                "ls -ld",
                ok(
                    "drwxr-xr-x 3 app app 4096 Nov  2 10:00 /srv/app/cache\n-rw-r--r-- 1 app app 2048 Nov  1 09:00 old.log\n",
                ),
            ),
            ("du -sk", ok("71680\t/srv/app/cache\n4\told.log\n")),
            ("find /srv/app/cache old.log -xdev -type f", ok("1204\n")),
        ],
    );
    says(&found.hits, "old.log (2.0 kB, of Nov 1 09:00)");
    says(&found.hits, "/srv/app/cache: 70.0 MB");
    says(&found.drops, "1,204 files");
    let none = effect(
        "rm /tmp/x",
        &[("ls -ld", failed(2, "ls: cannot access '/tmp/x': No such file or directory"))],
    );
    assert_eq!(none.zero.as_deref(), Some("no such file is there"));
    let closed =
        effect("rm /root/x", &[("ls -ld", failed(2, "ls: cannot access '/root/x': Permission denied"))]);
    assert_eq!(closed.zero, None);
    says(&closed.unknown, "Permission denied");
}

#[test]
fn a_redirection_or_a_move_says_what_it_overwrites() {
    let over = effect(
        "pg_dump shop > backup.sql",
        &[("ls -ld -- backup.sql", ok("-rw-r--r-- 1 a a 1048576 Nov  1 09:00 backup.sql\n"))],
    );
    says(&over.hits, "backup.sql (1.0 MB, of Nov 1 09:00) is overwritten");
    says(&over.drops, "what backup.sql holds now");
    let moved = asks("mv app.conf /etc/app/");
    assert!(
        moved.contains(&"ls -ld -- /etc/app/".to_owned())
            && moved.contains(&"ls -ld -- /etc/app/app.conf".to_owned()),
        "{moved:#?}"
    );
    let free = effect(
        "cp a.conf /etc/b.conf",
        &[("ls -ld -- /etc/b.conf", failed(2, "ls: /etc/b.conf: No such file or directory"))],
    );
    assert_eq!(free.zero.as_deref(), Some("no file of this name is there: nothing is overwritten"));
}

#[test]
fn find_lists_what_it_would_delete() {
    let found = effect(
        "find /var/log/app -name '*.log' -mtime +7 -delete",
        &[("-mtime +7 -print | head", ok("/var/log/app/a.log\n/var/log/app/b.log\n"))],
    );
    says(&found.hits, "2 files");
    says(&found.hits, "/var/log/app/a.log");
    let each = asks("find . -name '*.tmp' -exec rm {} \\;");
    assert_eq!(each, ["find . -name '*.tmp' -print | head -n 2001"]);
}

#[test]
fn rights_show_old_and_new_and_how_they_are_given_back() {
    let found = effect("chmod 600 /etc/app/key.pem", &[("stat -c", ok("644 root:root /etc/app/key.pem\n"))]);
    assert_eq!((found.old_new[0].old.as_str(), found.old_new[0].new.as_str()), ("644", "600"));
    assert_eq!(found.undo, Some(Undo::Command("chmod 644 -- /etc/app/key.pem".to_owned())));
    let all = effect(
        "chown -R app:app /srv/app",
        &[("stat -c", ok("755 root:root /srv/app\n")), ("find /srv/app", ok("88\n"))],
    );
    assert!(matches!(all.undo, Some(Undo::Words(_))), "{all:#?}");
    says(&all.hits, "88 files below");
}

#[test]
fn processes_are_named_before_they_are_ended() {
    let found = effect(
        "kill -9 4711",
        &[("-p 4711", ok("   4711 app   2-03:00:00 java -jar shop.jar --password=hunter2\n"))],
    );
    says(&found.hits, "4711 app 2-03:00:00 java -jar shop.jar");
    assert!(found.hits.iter().all(|line| !line.contains("hunter2")), "{found:#?}");
    let gone = effect("kill 4711", &[("-p 4711", Answer { code: 1, ..Answer::default() })]);
    assert_eq!(gone.zero.as_deref(), Some("no such process runs"));
    assert_eq!(asks("pkill -9 -f 'java -jar'"), ["pgrep -a -f 'java -jar'"]);
    assert_eq!(asks("killall -9 nginx"), ["pgrep -a -x nginx"]);
    let jobs = effect("crontab -r", &[("crontab -l", ok("# jobs\n0 3 * * * /usr/bin/backup\n"))]);
    says(&jobs.drops, "0 3 * * * /usr/bin/backup");
    says(&jobs.evidence, "crontab -l");
}

#[test]
fn stopping_a_service_says_what_stops_with_it_and_what_starts_it_again() {
    let show = "Id=postgresql.service\nLoadState=loaded\nActiveState=active\nSubState=running\nMainPID=812\nActiveEnterTimestamp=Mon 2026-11-02 10:00:00 UTC\nRequiredBy=shop.service\nBoundBy=\nTriggeredBy=postgresql.socket\nUnitFileState=enabled\n";
    let found = effect("sudo systemctl stop postgresql", &[("sudo systemctl show", ok(show))]);
    says(&found.hits, "postgresql.service: active (running) since Mon 2026-11-02 10:00:00 UTC");
    says(&found.hits, "shop.service needs it, and stops with it");
    says(&found.undone_by, "postgresql.socket starts postgresql.service again");
    assert_eq!(found.undo, Some(Undo::Command("sudo systemctl start postgresql".to_owned())));
    let dead = show.replace("=active", "=inactive").replace("running", "dead");
    let stopped = effect("systemctl stop postgresql", &[("systemctl show", ok(&dead))]);
    says(&[stopped.zero.unwrap_or_default()], "nothing changes");
    let none = effect(
        "systemctl restart nginxx",
        &[("systemctl show", ok("Id=nginxx.service\nLoadState=not-found\n"))],
    );
    says(&[none.zero.unwrap_or_default()], "there is no service nginxx.service");
}

#[test]
fn taking_a_host_down_says_who_is_on_it() {
    let found = effect(
        "ssh ops@db-1 sudo reboot",
        &[
            ("'sudo who'", ok("anna pts/0 2026-11-02 09:58\n")),
            ("sudo uptime", ok(" 10:00 up 90 days, load average: 0.1\n")),
        ],
    );
    says(&found.hits, "the whole host goes down");
    says(&found.hits, "anna pts/0");
    says(&found.hits, "up 90 days");
}

#[test]
fn flushing_the_packet_filter_shows_the_rules_that_go() {
    let found = effect(
        "sudo iptables -F",
        &[("iptables -S", ok("-P INPUT DROP\n-A INPUT -p tcp --dport 22 -j ACCEPT\n"))],
    );
    says(&found.drops, "--dport 22 -j ACCEPT");
    says(&found.evidence, "iptables-save");
}

#[test]
fn what_is_only_known_when_it_runs_is_named_by_no_sign_of_our_own() {
    let said = effect("mkdir -p ${YARD_DIR}", &[]).unknown.join("\n");
    assert!(said.contains("mkdir") && said.chars().all(|c| u32::from(c) < 0xf_0000), "{said:?}");
}
