//! Tools that look after a host: services, processes, users, packages, the kernel.
use crate::commands::tools::rules::{
    C, D, Otherwise, R, Rule, Tool,
    mark::{E, I, L, NONE, OPAQUE},
};
use crate::commands::tools::{host, kernel, wrap};

#[rustfmt::skip]
pub(in crate::commands::tools) const TOOLS: &[Tool] = &[
    Tool::new("systemctl").values(&[("", "-t --type -p --property -H --host -M --machine -s --signal --kill-whom --kill-who -n --lines -o --output --state --root --job-mode --when --message")]).rules(SYSTEMCTL)
        .riders(&[("disable|mask", "--now", D, "stops a service and keeps it from starting", NONE), ("stop|restart", "--no-block", R, "", NONE)]).judge(host::systemctl),
    Tool::new("service invoke-rc.d rc-service sv s6-svc").judge(host::service),
    Tool::new("journalctl").values(&[("", "-u --unit -n --lines -S --since -U --until -p --priority -o --output -b --boot -t --identifier -D --directory -M --machine -g --grep --vacuum-size --vacuum-time --vacuum-files --user-unit --facility -c --cursor --output-fields")]).judge(host::journalctl),
    Tool::new("loginctl machinectl").rules(&[
        ("list|list-sessions|list-users|list-seats|show-session|show-user|session-status|user-status|status|show|show-seat|seat-status|list-images", R, "only reads", NONE),
        ("terminate-session|terminate-user|terminate-seat|kill-session|kill-user|terminate|kill|poweroff|reboot|remove|clean", D, "ends sessions or machines", NONE),
        ("lock-session|unlock-session|enable-linger|disable-linger|activate|start|enable|disable|login|shell", C, "changes sessions or machines", NONE),
    ]),
    Tool::new("kill pkill killall skill killall5 tkill").values(&[("", "-s --signal -u --uid -U --euid -g --pgroup -G --group -P --parent -t --terminal -n -q")]).one_dash().judge(host::kill),
    Tool::new("fuser").one_dash().judge(host::fuser),
    Tool::new("reboot halt poweroff init telinit").judge(host::reboot),
    Tool::new("shutdown").judge(host::reboot),
    Tool::new("crontab").values(&[("", "-u")]).judge(host::crontab),
    Tool::new("at batch").values(&[("", "-f -q -t")]).judge(wrap::later),
    Tool::new("atq atrm").judge(host::at),
    Tool::new("useradd adduser groupadd addgroup usermod groupmod gpasswd chage newusers").values(&[("", "-u -g -G -d -s -c -p -e -f -k -E -M -I -W -l")]).judge(host::users),
    Tool::new("userdel deluser groupdel delgroup").judge(host::users),
    Tool::new("passwd chpasswd").judge(host::users),
    Tool::new("visudo vipw vigr sudoedit vi vim nvim nano emacs pico joe mcedit micro ed").judge(host::editor),
    Tool::new("less more man most pg view lnav").judge(host::pager),
    Tool::new("tail gtail multitail").values(&[("", "-n --lines -c --bytes -s --sleep-interval --pid")]).judge(host::tail),
    Tool::new("top atop htop btop glances nmon iotop iftop nethogs bmon slabtop powertop dstat nload ctop lazydocker k9s tig ncdu")
        .values(&[("", "-n -d -p -u -U -o -i --iterations --delay")]).judge(host::screen),
    Tool::new("dmesg").values(&[("", "-l --level -f --facility -n --console-level -s")]).judge(kernel::dmesg),
    Tool::new("vmstat iostat mpstat pidstat sar nfsstat numastat collectl").values(&[("", "-p -P -s -e -f -o")]).judge(kernel::intervals),
    Tool::new("strace ltrace").values(&[("", "-p -e -o -s -u -E -P -I -O -S -a -b -X")]).stops(&[("", 1)]).judge(kernel::trace),
    Tool::new("perf bpftrace gdb gcore lldb crash uprobe execsnoop opensnoop biolatency tcplife funccount profile-bpfcc").values(&[("", "-p -e -o -F -x -ex -t")]).judge(kernel::probe),
    Tool::new("jps jstat jstack jinfo jmap jcmd jfr jhsdb").judge(kernel::java),
    Tool::new("sysctl").values(&[("", "-r --pattern")]).judge(kernel::sysctl),
    Tool::new("modprobe insmod depmod rmmod").judge(kernel::modules),
    Tool::new("setenforce getenforce sestatus semanage restorecon setsebool getsebool aa-status aa-complain aa-enforce aa-disable apparmor_parser auditctl ausearch aureport").judge(kernel::policy),
    Tool::new("hostname hostnamectl timedatectl localectl resolvectl systemd-resolve date hwclock domainname").glued("I").values(&[("", "-d --date -r --reference -f")]).judge(kernel::settings),
    Tool::new("chronyc ntpq ntpdate ntpd chronyd").judge(kernel::clock),
    Tool::new("grubby update-grub grub-mkconfig grub2-mkconfig grub-install dracut mkinitcpio update-initramfs update-ca-certificates update-ca-trust ldconfig update-alternatives alternatives systemd-tmpfiles systemd-sysusers locale-gen sosreport sos cloud-init")
        .otherwise(Otherwise::Change("changes how the host starts, or gathers data about it")),
    Tool::new("lpadmin").values(&[("", "-p -d -x -D -L -E -v -m -P -o -u -h -U -r -i")]).otherwise(Otherwise::Change("changes a printer or its queue")).riders(&[("", "-x", D, "deletes a printer's queue", NONE)]),
    Tool::new("lpstat lpq lpinfo aplay arecord amixer").otherwise(Otherwise::Change("prints or plays")).judge(host::desk),
    Tool::new("lprm").otherwise(Otherwise::Change("cancels jobs of a printer")),
    Tool::new("nvidia-smi rocm-smi").otherwise(Otherwise::Change("reads or sets graphics cards")).judge(host::desk),
    Tool::new("kexec").otherwise(Otherwise::Change("loads another kernel")).riders(&[("", "-e --exec", D, "starts another kernel at once", NONE)]),
    Tool::new("supervisorctl").values(&[("", "-c --configuration -s --serverurl -u --username -p --password")]).rules(&[
        ("status|avail|pid|version|maintail|help", R, "only reads", NONE),
        ("tail", R, "reads logs", NONE),
        ("start|restart|reread|update|add|signal|reload", C, "starts or restarts programs", NONE),
        ("fg", C, "is tied to a running program", I | OPAQUE),
        ("stop|shutdown|remove|clear", D, "stops programs or empties their logs", NONE),
    ]).riders(&[("tail|maintail", "-f", R, "", E)]),
    Tool::new("pm2 forever monit circusctl").rules(&[
        ("list|ls|status|show|describe|info|prettylist|jlist|summary|report", R, "only reads", NONE),
        ("logs|log|monit|dash", R, "follows logs until it is stopped", E),
        ("start|restart|reload|gracefulReload|scale|save|reset|startup|monitor|reloadLogs|resurrect|validate", C, "starts or restarts programs", NONE),
        ("stop|delete|del|kill|flush|unmonitor|stopall|quit|unstartup", D, "stops programs or empties their logs", NONE),
    ]).riders(&[("logs|log", "--nostream", R, "", NONE)]),
    Tool::new("apt apt-get aptitude").values(&[("", "-o -t --target-release -c --config-file --option -a")]).rules(&[
        ("list|search|show|policy|depends|rdepends|showpkg|changelog|check|madison|moo|why|indextargets", R, "only reads", NONE),
        ("update", C, "reads the list of packages anew", NONE),
        ("install|upgrade|reinstall|build-dep|satisfy|safe-upgrade", C, "installs or upgrades packages: services may restart", L),
        ("dist-upgrade|full-upgrade|do-release-upgrade", D, "upgrades everything, and removes what is in the way", L),
        ("remove|purge|autoremove|autopurge|dselect-upgrade", D, "removes packages", L),
        ("clean|autoclean|download|source|edit-sources|mark|markauto|hold|unhold", C, "changes the package cache", NONE),
    ]).pretends(&[("", "-s --simulate --dry-run --just-print --no-act")]).judge(host::package),
    Tool::new("yum dnf microdnf tdnf zypper").values(&[("", "-c --config --enablerepo --disablerepo --repo -x --exclude --installroot --releasever --setopt -r")]).rules(&[
        ("list|search|info|provides|whatprovides|repolist|check-update|check|history|deplist|repoquery|updateinfo|lu|se|if|lr|packages|patches|grouplist|help", R, "only reads", NONE),
        ("install|update|upgrade|reinstall|localinstall|groupinstall|makecache|clean|refresh|in|up|patch|update-minimal|swap|mark|config-manager|module|builddep|copr|versionlock|ar|ref", C, "installs or upgrades packages: services may restart", L),
        ("remove|erase|autoremove|groupremove|downgrade|distro-sync|dup|dist-upgrade|system-upgrade|rm|rr", D, "removes packages or goes back", L),
        ("history undo|rollback|redo", D, "undoes earlier installations", L),
    ]).judge(host::package),
    Tool::new("apk").rules(&[("info|list|search|version|policy|stats|audit", R, "only reads", NONE), ("add|update|upgrade|fix|fetch|cache", C, "installs or upgrades packages", L), ("del", D, "removes packages", NONE)]),
    Tool::new("pacman").judge(host::pacman),
    Tool::new("dpkg rpm dpkg-query dpkg-reconfigure").judge(host::dpkg),
    Tool::new("brew port snap flatpak choco winget nix-env conda mamba").rules(&[
        ("list|ls|search|info|doctor|outdated|deps|uses|home|desc|leaves|version|find|changes|connections|history|installed|show, services|env list", R, "only reads", NONE),
        ("install|upgrade|update|reinstall|link|tap|refresh|enable|set|connect|start|restart|run|create|pin|selfupdate|alias, services start|restart|run", C, "installs or upgrades packages", L),
        ("uninstall|remove|rm|purge|autoremove|cleanup|untap|unlink|revert|disable|disconnect|delete, services stop|cleanup, env remove", D, "removes packages or stops services", NONE),
    ]),
    Tool::new("virsh").values(&[("", "-c --connect")]).rules(&[
        ("list|dominfo|domstate|domblklist|domifaddr|dumpxml|net-list|pool-list|vol-list|nodeinfo|version|snapshot-list|domstats|dommemstat|vcpuinfo|net-info|pool-info|capabilities|help", R, "only reads", NONE),
        ("start|define|create|resume|autostart|setmem|setvcpus|attach-disk|attach-device|snapshot-create|snapshot-create-as|net-start|pool-start|edit|migrate|domrename", C, "changes a virtual machine", NONE),
        ("console", C, "opens the console of a virtual machine", I | OPAQUE),
        ("destroy|shutdown|reboot|reset|suspend|undefine|managedsave|save|detach-disk|detach-device|snapshot-delete|snapshot-revert|net-destroy|pool-destroy|vol-delete|vol-wipe", D, "stops or deletes a virtual machine, or takes something from it", NONE),
    ]),
    Tool::new("qm pct pvesh").rules(&[
        ("list|status|config|listsnapshot|pending|get|ls|usage|cpuset|df", R, "only reads", NONE),
        ("start|resume|set|create|clone|snapshot|unlock|resize|migrate", C, "changes a virtual machine", NONE),
        ("stop|shutdown|reboot|reset|suspend|destroy|rollback|delsnapshot|delete", D, "stops or deletes a virtual machine", NONE),
    ]),
    Tool::new("ipmitool").values(&[("", "-H -U -P -I -p -L -f -e -C -t -b")]).rules(&[
        ("sdr|sensor|fru|dcmi, mc info, power|chassis status, sel list|elist|info|time, lan print, user list", R, "only reads", NONE),
        ("chassis power status", R, "only reads", NONE),
        ("power off|cycle|reset|soft|diag, chassis power off|cycle|reset|soft|diag", D, "switches a machine off or resets it", NONE),
        ("power on|up, chassis power on|up", C, "switches a machine on", NONE),
        ("sel clear", D, "empties the event log", NONE),
        ("mc|bmc reset", D, "restarts the management controller", NONE),
        ("sol", C, "opens a serial console", I | OPAQUE),
    ]),
    // The shell's own words.
    Tool::new("cd pushd popd export set unset alias unalias shift local declare typeset readonly return exit logout break continue umask ulimit let getopts mapfile readarray hash shopt bg fg disown enable bind caller complete compgen dirs history fc setopt autoload : rehash setenv unsetenv")
        .judge(host::builtin),
    Tool::new("read").judge(host::builtin),
    Tool::new("trap").judge(host::trap),
];

#[rustfmt::skip]
const SYSTEMCTL: &[Rule] = &[
    ("status|show|cat|help|is-active|is-enabled|is-failed|is-system-running|list-units|list-unit-files|list-sockets|list-timers|list-jobs|list-dependencies|list-machines|list-automounts|list-paths|get-default|show-environment|whoami|service-log-level|service-log-target|service-watchdogs", R, "only reads", NONE),
    ("start|reload|reload-or-restart|try-reload-or-restart|reload-or-try-restart|try-restart|restart|condrestart|force-reload", C, "starts or restarts a service", NONE),
    ("enable|reenable|preset|preset-all|unmask|link|add-wants|add-requires|set-default|daemon-reload|daemon-reexec|reset-failed|set-property|set-environment|unset-environment|import-environment|thaw|bind|mount-image|log-level|log-target|cancel", C, "changes how services run or start", NONE),
    ("edit", C, "changes a service in an editor", I),
    ("disable|mask|revert", C, "keeps a service from starting by itself", NONE),
    ("stop|kill|freeze", D, "stops a service: what it serves is gone", NONE),
    ("clean", D, "deletes a service's files", NONE),
    ("isolate|rescue|emergency|default", D, "stops all that does not belong to a target", NONE),
    ("reboot|poweroff|halt|kexec|soft-reboot|exit|suspend|hibernate|hybrid-sleep|suspend-then-hibernate|sleep|switch-root", D, "stops or restarts the whole host", NONE),
];
