//! HTTP clients.
use crate::commands::tools::http;
use crate::commands::tools::rules::Tool;

pub(in crate::commands::tools) const TOOLS: &[Tool] = &[
    Tool::new("curl").values(&[("", CURL)]).judge(http::curl),
    Tool::new("wget")
        .values(&[("", "-O --output-document -o --output-file -a --append-output -i --input-file -t --tries -T --timeout -U --user-agent -P --directory-prefix -e --execute \
            --method --post-data --post-file --body-data --body-file --header --user --password --http-user --http-password --ca-certificate --certificate --private-key \
            -l --level -A --accept -R --reject -D --domains -Q --quota -w --wait --limit-rate --referer --bind-address --connect-timeout --read-timeout --dns-timeout")])
        .judge(http::wget),
    Tool::new("http https xh xhs")
        .values(&[("", "-a --auth -A --auth-type -o --output -p --print -s --style --timeout --proxy --verify --cert --cert-key --session --max-redirects --raw -P --format-options --pretty --boundary")])
        .judge(http::httpie),
];

const CURL: &str = "-X --request -d --data --data-raw --data-binary --data-ascii --data-urlencode -F --form --form-string --json --url-query -T --upload-file \
    -H --header -u --user -b --cookie -c --cookie-jar -o --output -D --dump-header -A --user-agent -e --referer -x --proxy -m --max-time --connect-timeout \
    -w --write-out -K --config --url -E --cert --key --pass --cacert --capath --cert-type --key-type --ciphers --tls-max --tls13-ciphers --resolve --connect-to \
    --interface --local-port --max-filesize --max-redirs -r --range -C --continue-at -y --speed-time -Y --speed-limit --limit-rate --retry --retry-delay --retry-max-time \
    --unix-socket --abstract-unix-socket --socks5 --socks5-hostname --socks4 --socks4a --dns-servers --doh-url --noproxy --proxy-user -U --oauth2-bearer --aws-sigv4 \
    --trace --trace-ascii --stderr --output-dir -Q --quote -P --ftp-port -t --telnet-option -z --time-cond --mail-from --mail-rcpt --mail-auth --keepalive-time \
    --hsts --etag-save --etag-compare --rate --parallel-max --create-file-mode --engine --random-file --service-name --delegation --krb --login-options --netrc-file \
    --pinnedpubkey --proto --proto-default --proto-redir --pubkey --request-target --happy-eyeballs-timeout-ms --expect100-timeout --variable --haproxy-clientip --ip-tos --vlan-priority \
    --proxy-header --proxy-cacert --proxy-cert --proxy-key --preproxy --crlfile --curves --ssl-sessions";
