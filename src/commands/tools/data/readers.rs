//! Tools that only look, and those of the shell that do next to nothing.
use crate::commands::tools::readers;
use crate::commands::tools::rules::{Otherwise, Tool};

pub(in crate::commands::tools) const TOOLS: &[Tool] = &[
    Tool::new(
        "cat zcat bzcat xzcat tac head nl wc sort uniq cut tr column paste join comm fold fmt rev expand unexpand od xxd hexdump strings \
         grep egrep fgrep zgrep rg ag ack jq yq xmllint diff cmp sdiff colordiff ls ll dir tree stat file du df free uptime who w id groups whoami \
         last lastb lastlog ps pgrep pstree pidof lsof lscpu lsblk lsmod lspci lsusb lsns lsipc blkid findmnt nproc arch uname getent locale \
         dig nslookup host whois ss netstat ipcalc getconf printenv realpath readlink dirname basename pwd which whereis type md5sum sha1sum sha256sum sha512sum cksum b2sum \
         bc expr seq factor printf echo true false test [ [[ cal sleep wait jobs times \
         ntpstat getfacl getcap lsattr namei ldd nm objdump readelf size \
         ec2-metadata ec2metadata kubesec kubescape trivy grype syft hadolint shellcheck yamllint kubeval kubeconform conftest pluto dive polaris pg_isready pg_controldata pg_waldump pg_verifybackup pg_config \
         apropos info help tput clear cls tty locate json_pp pv look tracepath numfmt envsubst gron fzf",
    )
    .values(&[("", "-o --output -k --key -t --field-separator -n --lines -c --bytes -d --delimiter -e --regexp -f --file --arg --argjson -A -B -C -m")])
    .otherwise(Otherwise::Reads)
    .judge(readers::judge),
    Tool::new("ipcs").otherwise(Otherwise::Reads),
    Tool::new("ipcrm").judge(readers::ipcrm),
];
