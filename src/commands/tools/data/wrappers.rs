//! Tools that run another command, here or elsewhere.
use crate::commands::tools::rules::{C, Otherwise, R, Tool, mark::NONE};
use crate::commands::tools::wrap;

#[rustfmt::skip]
pub(in crate::commands::tools) const TOOLS: &[Tool] = &[
    Tool::new("sudo").values(&[("", "-u --user -g --group -h --host -p --prompt -C --close-from -r --role -t --type -U --other-user -D --chdir -R --chroot -T --command-timeout")]).stops(&[("", 1)]).judge(wrap::sudo),
    Tool::new("doas").values(&[("", "-u -C -a")]).stops(&[("", 1)]).judge(wrap::sudo),
    Tool::new("su runuser").values(&[("", "-u --user -c --command -s --shell -g --group -G -w")]).judge(wrap::su),
    Tool::new("env").values(&[("", "-u --unset -C --chdir -S --split-string")]).judge(wrap::env),
    Tool::new("time nohup setsid unbuffer stdbuf catchsegv eatmydata faketime command builtin exec caffeinate").values(&[("", "-o --output -e --error -i --input -f --format -a")]).stops(&[("", 1)]).judge(wrap::plain),
    Tool::new("busybox toybox gosu su-exec setpriv systemd-run numactl cgexec chpst dumb-init tini prlimit pkexec xvfb-run envdir softlimit setarch linux64 unshare torsocks proxychains rlwrap winpty dotenv with-contenv fakeroot")
        .values(&[("", "-u --uid -g --user --unit -p --property -N -m -C --cpunodebind --membind --physcpubind --reuid --regid --slice --description -e -t -o --working-directory --setenv -E")]).stops(&[("", 1)]).judge(wrap::other),
    Tool::new("aws-vault chamber doppler infisical teller direnv envchain summon berglas asdf mise rbenv pyenv nvm")
        .values(&[("", "-d --duration -c --config -p --project --env -f --path --region -n")]).stops(&[("exec|run", 0)]).judge(wrap::verb),
    Tool::new("lxc incus multipass vagrant lxc-attach toolbox distrobox mosh").values(&[("", "-n --name -c --command --project --ssh --port -p")]).judge(wrap::box_of),
    Tool::new("nice ionice taskset chrt").values(&[("", "-n --adjustment -c --class --classdata -p --pid -P -u")]).stops(&[("", 1)]).judge(wrap::nice),
    Tool::new("timeout gtimeout").values(&[("", "-k --kill-after -s --signal")]).stops(&[("", 1)]).judge(wrap::after_one),
    Tool::new("flock").values(&[("", "-w --timeout --wait -E --conflict-exit-code -c --command")]).stops(&[("", 1)]).judge(wrap::flock),
    Tool::new("chroot").values(&[("", "--userspec --groups")]).stops(&[("", 1)]).judge(wrap::elsewhere_after_one),
    Tool::new("nsenter").values(&[("", "-t --target -S --setuid -G --setgid")]).stops(&[("", 1)]).judge(wrap::elsewhere),
    Tool::new("watch").values(&[("", "-n --interval -q --equexit")]).stops(&[("", 1)]).judge(wrap::watch),
    Tool::new("xargs gxargs").values(&[("", "-a --arg-file -d --delimiter -E -I -L --max-lines -n --max-args -P --max-procs -s --max-chars --replace")]).stops(&[("", 1)]).judge(wrap::xargs),
    Tool::new("parallel").values(&[("", "-j --jobs -a --arg-file -C --colsep -S --sshlogin --delay --retries --timeout -N -n --max-args --joblog --results -I --tagstring")]).stops(&[("", 1)]).judge(wrap::parallel),
    Tool::new("sh bash zsh ash dash ksh fish rbash").values(&[("", "-o -O --rcfile --init-file")]).stops(&[("", 1)]).judge(wrap::shell),
    Tool::new("eval").judge(wrap::eval),
    Tool::new("source .").otherwise(Otherwise::Change("runs a script in this shell")).judge(wrap::source),
    Tool::new("ssh autossh").values(&[("", "-b -B -c -D -E -e -F -I -i -J -L -l -m -O -o -P -p -Q -R -S -W -w")]).stops(&[("", 1)]).judge(wrap::ssh),
    Tool::new("sshpass").values(&[("", "-p -f -d -P")]).stops(&[("", 1)]).judge(wrap::sshpass),
    Tool::new("script").values(&[("", "-c --command -E --echo -o --output-limit -T --log-timing -O --log-out -I --log-in -B --log-io")]).judge(wrap::script),
    Tool::new("tmux screen").values(&[("", "-t -S -L -f -c -s -n -F")]).rules(&[("ls|list-sessions|capture-pane|list-windows|list-panes|has-session|display-message", R, "only reads", NONE)]).judge(wrap::terminal),
    Tool::new("microk8s k3s k0s minikube rke2").stops(&[("kubectl|crictl|ctr", 0)]).rules(&[
        ("status|version|inspect|ip|logs|check-config, service|profile list", R, "only reads", NONE),
        ("kubectl|crictl|ctr", R, "runs another tool", NONE),
        ("start|enable|addons|config", C, "changes the cluster on this host", NONE),
    ]).judge(wrap::bundle),
];
