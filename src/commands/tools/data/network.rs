//! Tools of the network: looking, filtering, routing.
use crate::commands::tools::network;
use crate::commands::tools::rules::{
    C, D, R, Tool,
    mark::{E, I, NONE, SECRET},
};

#[rustfmt::skip]
pub(in crate::commands::tools) const TOOLS: &[Tool] = &[
    Tool::new("iptables ip6tables iptables-nft ip6tables-nft iptables-legacy arptables ebtables").values(&[("", "-t --table -A --append -I --insert -D --delete -R --replace -N --new-chain -P --policy -p --protocol -s --source -d --destination -i --in-interface -o --out-interface -j --jump -g --goto -m --match --dport --sport --dports --sports --ctstate --state --to-destination --to-source --to-ports --comment -w --wait --limit --icmp-type --set-mark")]).judge(network::iptables),
    Tool::new("iptables-save ip6tables-save iptables-restore ip6tables-restore ipset").judge(network::iptables_files),
    Tool::new("nft").values(&[("", "-f --file -I --includepath -D --define")]).judge(network::nft),
    Tool::new("ufw").rules(&[
        ("status|show|version, app list|info", R, "only reads", NONE),
        ("allow|limit|logging|reload|app, route allow", C, "lets traffic in", NONE),
        ("deny|reject|delete|insert|reset|disable|default|route", D, "cuts traffic off, or drops the filter", NONE),
        ("enable", D, "turns the filter on: what it does not allow is cut off", I),
    ]).pretends(&[("", "--dry-run")]),
    Tool::new("firewall-cmd").judge(network::firewalld),
    Tool::new("ip").values(&[("", "-f -family -n -netns -b -batch -rc")]).one_dash().stops(&[("netns exec", 1)]).judge(network::ip),
    Tool::new("ifconfig route arp ifup ifdown brctl ethtool iw iwconfig").judge(network::old),
    Tool::new("tc").judge(network::tc),
    Tool::new("bridge devlink rdma").judge(network::bridge),
    Tool::new("nmcli").values(&[("", "-f -fields -m -mode -w")]).one_dash().judge(network::nmcli),
    Tool::new("netplan networkctl wg wg-quick vtysh ovs-vsctl ovs-ofctl ovs-appctl").rules(&[
        ("get|status|show|info|list|lldp|ip|dump-flows|dump-ports|list-br|list-ports|dump-ports-desc", R, "only reads", NONE),
        ("try", C, "applies the network's configuration, and goes back unless you say yes", I),
        ("apply|reload|reconfigure|renew|up|set|setconf|syncconf|addconf|generate|add-br|add-port|add-flow|mod-port", C, "changes the network", NONE),
        ("down|del-br|del-port|del-flows|delete|emer-reset", D, "takes a part of the network down", NONE),
    ]),
    Tool::new("tcpdump").values(&[("", "-i --interface -w -r -c -s --snapshot-length -C -G -W -z -F -B --buffer-size -E -T -y -Z -V --time-stamp-precision -j -m -M -Q")]).judge(network::capture),
    Tool::new("tshark dumpcap ngrep wireshark termshark").values(&[("", "-i -w -r -c -a -b -f -Y -T -e -s -d -z -O")]).judge(network::capture),
    Tool::new("ping ping6 arping hping3 fping nping").values(&[("", "-c --count -w -W -i -s -t -I -Q -M -m -p -S -l -T --timeout")]).judge(network::ping),
    Tool::new("traceroute traceroute6 mtr").values(&[("", "-c -m -w -q -p -i -s --report-cycles -f")]).judge(network::route),
    Tool::new("nc ncat netcat nc.openbsd").values(&[("", "-w -p -s -x -X -i -q -T -I -O -e -c -g -G -m -V --exec --sh-exec")]).judge(network::nc),
    Tool::new("telnet").judge(network::nc),
    Tool::new("socat").judge(network::nc),
    Tool::new("nmap masscan iperf iperf3 netperf qperf ab wrk hey siege vegeta k6 locust artillery jmeter stress stress-ng sysbench fio").judge(network::load),
    Tool::new("fail2ban-client").values(&[("", "-c -s -p --loglevel --logtarget")]).rules(&[
        ("status|ping|version|get|banned|help", R, "only reads", NONE),
        ("set", C, "changes a jail: whoever it bans is cut off", NONE),
        ("reload|start|add", C, "lets the server read its configuration again", NONE),
        ("unban", C, "lets addresses in again", NONE),
        ("stop|restart", D, "stops the server or a jail: what was banned gets in", NONE),
    ]),
    Tool::new("cloudflared").values(&[("", "--config --loglevel --logfile --metrics --origincert -o --output --credentials-file --cred-file --token --url --pidfile")]).rules(&[
        ("version|help, tunnel list|info|diag|ready, tunnel ingress validate|rule, tunnel route ip show|list|get, access curl", R, "only reads", NONE),
        ("tail", R, "follows logs until it is stopped", E),
        ("tunnel", C, "runs or changes a tunnel", NONE),
        ("tunnel run", C, "runs a tunnel until it is stopped", E),
        ("tunnel delete|cleanup", D, "takes a tunnel or its connections away", NONE),
        ("tunnel route dns|lb", D, "changes DNS records: moves traffic", NONE),
        ("tunnel token", R, "prints a secret", SECRET),
        ("service uninstall", D, "takes a service away", NONE),
    ]),
    Tool::new("lldpctl lldpcli conntrack").judge(network::conntrack),
];
