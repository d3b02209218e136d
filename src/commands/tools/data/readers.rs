//! Tools that only look, and those of the shell that do next to nothing.
use crate::commands::tools::rules::{Otherwise, Tool};

pub(in crate::commands::tools) const TOOLS: &[Tool] = &[
    Tool::new(
        "cat zcat bzcat xzcat tac head nl wc sort uniq cut tr column paste join comm fold fmt rev expand unexpand od xxd hexdump strings \
         grep egrep fgrep zgrep rg ag ack jq yq xmllint diff cmp sdiff colordiff ls ll dir tree stat file du df free uptime who w id groups whoami hostnamectl-status \
         last lastb lastlog ps pgrep pstree pidof lsof lscpu lsblk lsmod lspci lsusb lsns blkid findmnt nproc arch uname getent locale \
         dig nslookup host whois mtr-report ss netstat ipcalc getconf printenv realpath readlink dirname basename pwd which whereis type md5sum sha1sum sha256sum sha512sum cksum b2sum \
         bc expr seq factor printf echo true false test [ [[ date-read cal sleep wait jobs history-read fc times ulimit-read \
         iostat vmstat mpstat pidstat sar nfsstat numastat slabtop-once ntpstat getfacl getcap lsattr namei ldd nm objdump readelf size \
         ec2-metadata kubesec kubescape trivy grype syft hadolint shellcheck yamllint kubeval kubeconform conftest pluto dive polaris pg_isready pg_controldata pg_waldump pg_verifybackup pg_config pg_amcheck \
         apropos man info help tput clear cls tty stty-read locate zless-read json_pp pv look fping arping-read tracepath numfmt envsubst gron fx-read fzf",
    )
    .otherwise(Otherwise::Reads),
];
