//! Tools of a host: files, services, processes, users, packages, the network.
use firedeck::domain::approval::Tier::{self, Change as C, Danger as D, Read as R};

use super::tools::hold_groups;

const FILES_ARE_READ_CHANGED_OR_DESTROYED: &[(Tier, &str, &str)] = &[
    (
        R,
        "",
        r"
            cat /etc/hosts
            ls -la /var/log
            df -h /
            du -sh /var/log/*
            grep -r error /var/log
            head -20 x
            sed 's/%//' x
            sed -n '1,10p' x
            sed -e 's/a/b/g' -e '/x/d' x
            awk '{print $2}' x
            awk 'NR==2 {print $5}' x
            awk -F: '$3 > 100 {print $1}' /etc/passwd
            find /var/log -name '*.gz' -mtime +7
            find . -type f -exec grep -l x {} +
            find . -type f -exec ls -la {} \;
            tar -tzf x.tgz
            tar tf x.tar
            tar -czf - /etc
            gzip -l x.gz
            gunzip -c x.gz
            zcat x.gz
            unzip -l x.zip
            rsync -n -av a/ b/
            rsync --dry-run --delete a/ host:/b/
            jq -r .status x
            yq '.a' x
            sort -n x
            stat x
            lsblk
            mount
            lvs
            wipefs /dev/sdb
            fdisk -l
            parted /dev/sda print
            smartctl -a /dev/sda
            zpool status
            logrotate -d /etc/logrotate.conf
            mdadm --detail /dev/md0
        ",
    ),
    (
        C,
        "w",
        r"
            cp a b
            cp -r a /backup/
            mv x x.bak
            cp nginx.conf /etc/nginx/nginx.conf
            sed -i 's/a/b/' x
            sed -i.bak 's/a/b/' x
            sed -ni 's/e/w/p' x
            tar -czf x.tgz /etc
            tar czf x.tgz /etc
            tar -xzf x.tgz -C /tmp
            tar xf x.tar
            gzip x
            unzip x.zip
            tee /etc/motd
            touch x
            mkdir -p /backup/x
            yq -i '.a = 1' x
            sort -o x x
        ",
    ),
    (
        D,
        "",
        r"
            rm x
            rm -rf /var/lib/x
            \rm -f x
            /bin/rm x
            find /var/log -name '*.log' -delete
            find /tmp -exec rm -f {} \;
            find /tmp -type f -print0 | xargs -0 rm -f
            mkfs.ext4 /dev/sdb
            mkswap /dev/sdb
            wipefs -a /dev/sdb
            lvremove vg/lv
            rm x
            umount -l /mnt
            chmod -R 777 /opt/app
            chown -R app /var/lib/app
            zfs destroy tank/x
            zpool offline tank sda
            mdadm --fail /dev/md0 /dev/sda
            parted -s /dev/sdb mklabel gpt
            cryptsetup luksFormat /dev/sdb
            lvreduce -L 5G vg/lv
            lvresize -L 5G vg/lv
        ",
    ),
    (
        D,
        "w",
        r"
            cp dump.rdb /var/lib/redis/dump.rdb
            mv /var/lib/x /tmp/x
            mv x /dev/null
            tar -xzf x.tgz -C /
            tar xzf x.tgz -C /
            truncate -s 0 /var/log/x
            shred -u x
            tee /usr/bin/x
            tar --delete -f x.tar y
        ",
    ),
    (D, "lw", "dd if=/dev/zero of=/dev/sda bs=1M\nrsync -av --delete a/ b/"),
    (D, "lwr", "rsync -av --delete a/ host:/b/"),
    (C, "lw", "rsync -av a/ b/"),
    (C, "lwr", "rsync -av a/ host:/b/"),
    (C, "wr", "scp x host:/tmp/x\nscp host:/x ."),
    (C, "ior", "sftp host"),
    (R, "lh", "dd if=/dev/sda of=/dev/null bs=1M count=100"),
    (
        C,
        "",
        r"
            chmod +x x
            chown app x
            chown -R app:app ./data
            ln -s a b
            rmdir x
            mount /dev/sdb /mnt
            umount /mnt
            lvextend -L +5G vg/lv
            resize2fs /dev/vg/lv
            logrotate -f /etc/logrotate.conf
            swapon /swapfile
        ",
    ),
    (
        C,
        "o",
        r#"
            sed 's/x/date/e' x
            sed 'w /etc/passwd' x
            awk 'BEGIN { system("date") }'
            awk '{print | "sh"}' x
            awk -f x.awk y
        "#,
    ),
    (D, "o", r#"awk 'BEGIN { system("rm -rf /x") }'"#),
    (C, "w", r#"awk '{print > "out.txt"}' x"#),
    (D, "l", "fsck -y /dev/sda\nxfs_repair /dev/sda"),
    (R, "l", "fsck -n /dev/sda"),
];

#[test]
fn files_are_read_changed_or_destroyed() {
    hold_groups(FILES_ARE_READ_CHANGED_OR_DESTROYED);
}

const SERVICES_PROCESSES_AND_USERS: &[(Tier, &str, &str)] = &[
    (
        R,
        "",
        r"
            systemctl status nginx
            systemctl --no-pager status nginx
            systemctl list-units --failed
            systemctl is-active nginx
            service nginx status
            journalctl -u nginx --since '1 hour ago'
            ps aux
            pgrep -f x
            top -b -n 1
            top -bn1
            free -h
            uptime
            vmstat 1 5
            iostat -x 1 3
            lsof -i :80
            ss -tlnp
            kill -0 5
            kill -l
            crontab -l
            passwd -S bob
            chage -l bob
            sysctl -a
            sysctl net.core.somaxconn
            getenforce
            dmesg -T
            date +%s
            date -u -d '1 hour ago' +%Y
            hostname
            hostname -f
            hostnamectl
            timedatectl status
            chronyc tracking
            supervisorctl status
            pm2 list
            fuser -v /mnt
            jstack 5
            jcmd 5 Thread.print
            virsh list --all
            ipmitool sel list
            ipmitool power status
            nginx -t
            apachectl configtest
            postqueue -p
            rndc status
            who
            id bob
            last -n 5
            nproc
        ",
    ),
    (
        R,
        "e",
        "journalctl -fu nginx\njournalctl -f\ntail -f x\ntail -F x\ntail -100f x\ndmesg -w\nvmstat 1\ntop -b\nsupervisorctl tail -f x\npm2 logs\nping host",
    ),
    (R, "ie", "top\nhtop\nwatch df -h\niotop"),
    (R, "i", "less x\nman x"),
    (
        C,
        "",
        r"
            systemctl restart nginx
            systemctl start nginx
            systemctl reload nginx
            systemctl enable nginx
            systemctl daemon-reload
            systemctl disable nginx
            service nginx restart
            service nginx reload
            kill -HUP 5
            kill -s USR1 5
            kill -3 5
            pkill -HUP nginx
            sysctl -w vm.swappiness=10
            sysctl -p
            usermod -aG docker bob
            useradd bob
            systemctl start x
            hostnamectl set-hostname x
            setenforce 0
            modprobe x
            supervisorctl restart x
            pm2 restart x
            nginx -s reload
            virsh start x
            ipmitool power on
            chronyc makestep
        ",
    ),
    (C, "i", "systemctl edit nginx\nvi /etc/hosts\ncrontab -e\nvisudo\nnano x"),
    (C, "is", "passwd bob"),
    (
        D,
        "",
        r"
            systemctl stop nginx
            systemctl disable --now nginx
            systemctl mask --now nginx
            systemctl kill nginx
            systemctl reboot
            systemctl isolate rescue.target
            service nginx stop
            kill 5
            kill -9 5
            kill -KILL 5
            kill -s TERM 5
            killall nginx
            pkill -f x
            pkill -9 -f x
            fuser -k /mnt
            reboot
            shutdown -h now
            shutdown -r +5
            halt
            init 0
            crontab -r
            crontab x
            userdel bob
            passwd -l bob
            usermod -L bob
            usermod -G docker bob
            journalctl --vacuum-size=500M
            dmesg -C
            date -s '2020-01-01'
            rmmod x
            supervisorctl stop x
            pm2 delete x
            virsh destroy x
            ipmitool chassis power off
            ipmitool sel clear
            nginx -s stop
            postsuper -d ALL
            kexec -e
            ipcrm -m 5
            ss -K dst 10.0.0.1
        ",
    ),
];

#[test]
fn services_processes_and_users() {
    hold_groups(SERVICES_PROCESSES_AND_USERS);
}

#[test]
fn packages_ask_unless_told_not_to() {
    hold_groups(&[
        (
            R,
            "",
            "apt list --upgradable\ndpkg -l\nrpm -qa\nyum list installed\nbrew list\npip list\nnpm ls\nnpm audit\nsnap list\napt-get -s install x",
        ),
        (
            C,
            "l",
            "apt-get install -y x\nyum install -y x\ndnf -y upgrade\nbrew install x\npip install x\nnpm install\napk add x",
        ),
        (C, "il", "apt-get install x\nyum update"),
        (C, "", "apt-get update\ndpkg -i x.deb\nrpm -Uvh x.rpm"),
        (D, "l", "apt-get remove -y x\napt-get dist-upgrade -y\nyum remove -y x"),
        (D, "il", "apt purge x"),
        (D, "", "dpkg -r x\nrpm -e x\npip uninstall -y x\nbrew uninstall x\nnpm uninstall x"),
        (C, "o", "npm run build\nmake deploy\npython x.py\nnode x.js\nperl x.pl\nmake x"),
        (D, "o", "make clean-db destroy\nnpm run destroy\nmake restore"),
        (R, "", "make -n deploy\npython --version\nnode -v\npython3 -m json.tool"),
        (C, "io", "python3\nnode"),
        (C, "e", "python3 -m http.server"),
    ]);
}

#[test]
fn the_network_is_looked_at_shaped_or_cut() {
    hold_groups(&[
        (
            R,
            "",
            r"
            ip a
            ip addr show eth0
            ip -s link
            ip r
            ip route get 10.0.0.1
            ifconfig
            ifconfig eth0
            route -n
            netstat -tlnp
            arp -n
            iptables -L -n -v
            iptables -t nat -S
            iptables-save
            nft list ruleset
            ufw status verbose
            firewall-cmd --list-all
            firewall-cmd --zone public --list-ports
            ethtool eth0
            tc qdisc show dev eth0
            dig example.com +short
            nslookup example.com
            host example.com
            traceroute example.com
            mtr -r -c 5 example.com
            ping -c 3 host
            nc -zv host 80
            tcpdump -i eth0 -c 100 port 80
            tcpdump -r x.pcap
            conntrack -L
            nmcli con show
        ",
        ),
        (R, "e", "tcpdump -i eth0 port 80\nip monitor"),
        (R, "ew", "tcpdump -i any -w /tmp/x.pcap"),
        (R, "w", "tcpdump -i any -c 100 -w /tmp/x.pcap"),
        (R, "ie", "mtr example.com"),
        (
            C,
            "",
            r"
            ip addr add 10.0.0.5/24 dev eth0
            ip link set eth0 up
            ip route add 10.0.0.0/8 via 10.0.0.1
            iptables -A INPUT -p tcp --dport 80 -j ACCEPT
            ufw allow 80
            firewall-cmd --add-port=80/tcp
            firewall-cmd --reload
            tc qdisc del dev eth0 root
            netplan apply
            nmcli con up x
        ",
        ),
        (
            D,
            "",
            r"
            ip addr del 10.0.0.5/24 dev eth0
            ip link set eth0 down
            ip link set dev eth0 down
            ip route flush table main
            ip route add blackhole 10.0.0.0/8
            ip r d default
            ifconfig eth0 down
            iptables -F
            iptables -P INPUT DROP
            iptables -I INPUT -s 1.2.3.4 -j DROP
            iptables -D INPUT 1
            iptables-restore x
            nft flush ruleset
            nft add rule inet filter input ip saddr 1.2.3.4 drop
            ufw disable
            ufw deny from 1.2.3.4
            ufw --force reset
            firewall-cmd --remove-port=80/tcp
            firewall-cmd --panic-on
            tc qdisc add dev eth0 root netem loss 10%
            conntrack -F
            nmcli con down x
        ",
        ),
        (D, "o", "nft -f x"),
        (D, "", "nc redis 6379 <<< 'FLUSHALL'"),
        (R, "", "nc zk 2181 <<< 'ruok'"),
        (C, "io", "nc host 80\ntelnet host"),
        (C, "o", "echo x | nc host 80"),
        (R, "", "ip netns exec blue ip a"),
        (D, "", "ip netns exec blue ip link set eth0 down"),
    ]);
}
