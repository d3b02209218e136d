//! Keys, certificates, signatures, passwords.
use crate::commands::tools::keys;
use crate::commands::tools::rules::{
    C, D, R, Tool,
    mark::{I, L, NONE, SECRET, WRITES},
};

#[rustfmt::skip]
pub(in crate::commands::tools) const TOOLS: &[Tool] = &[
    Tool::new("openssl").one_dash().values(&[("", "-in -out -inform -outform -connect -servername -CAfile -CApath -cert -key -days -subj -config -newkey -keyout -passin -passout -password -pass -k -starttls -name -inkey -certfile -serial -revoke -extensions -addext -startdate -enddate -checkend -alpn -cipher -ciphersuites -curves -groups -proxy -host -port -nameopt -dateopt")]).judge(keys::openssl),
    Tool::new("gpg gpg2").values(&[("", "-o --output -r --recipient -u --local-user --cipher-algo --compress-algo --digest-algo --s2k-mode --s2k-digest-algo --s2k-count --s2k-cipher-algo --passphrase --passphrase-file --passphrase-fd --pinentry-mode --homedir --keyserver --keyring --default-key --trust-model --status-fd --command-fd --cert-digest-algo")]).judge(keys::gpg),
    Tool::new("gpgconf gpg-connect-agent pass gopass age rage age-keygen keytool jarsigner mkcert step cfssl cfssljson pwgen apg htpasswd mkpasswd bw op lpass keepassxc-cli").judge(keys::others),
    Tool::new("ssh-keygen ssh-keyscan ssh-add ssh-agent ssh-copy-id").values(&[("", "-t -b -f -C -N -P -R -F -r -I -s -V -n -z -m -O -T")]).judge(keys::ssh),
    Tool::new("certbot letsencrypt").values(&[("", "-d --domains --domain -w --webroot-path -m --email --cert-name --config-dir --work-dir --logs-dir --deploy-hook --pre-hook --post-hook --preferred-challenges --server --cert-path --key-path --reason --rsa-key-size --key-type")]).rules(&[
        ("certificates|plugins|show_account|help", R, "only reads", NONE),
        ("renew|certonly|run|install|enhance|register|update_account|reconfigure|update_symlinks|rollback", C, "asks for certificates and installs them", L),
        ("delete", D, "deletes a certificate", I),
        ("revoke", D, "revokes a certificate: it cannot be taken back", NONE),
        ("unregister", D, "gives an account up", I),
        ("", C, "asks for certificates and installs them", I | L),
    ]).pretends(&[("renew|certonly|reconfigure", "--dry-run")]).judge(keys::certbot),
    Tool::new("acme.sh lego").judge(keys::acme),
    Tool::new("cosign").values(&[("", "--key --certificate-identity --certificate-oidc-issuer --certificate-identity-regexp --certificate-oidc-issuer-regexp --certificate --certificate-chain --rekor-url --signature --payload --output --output-file --output-signature --output-certificate --type --predicate -a --annotations --attachment --registry-username --registry-password --bundle --policy -o --platform")]).rules(&[
        ("verify|verify-attestation|verify-blob|verify-blob-attestation|tree|triangulate|version|download|manifest|dockerfile|env|public-key|help|completion|bundle|trusted-root", R, "only reads", NONE),
        ("sign|attest|attach|copy|save|load|upload|initialize|import-key-pair|import|pkcs11-tool|piv-tool", C, "signs or publishes", NONE),
        ("sign-blob|attest-blob", C, "signs a file", WRITES | SECRET),
        ("generate", R, "prints what would be signed", NONE),
        ("generate-key-pair", C, "makes a key", SECRET | WRITES | I),
        ("login", C, "stores credentials", SECRET),
        ("clean", D, "removes signatures from an image", I),
    ]).riders(&[("clean", "-f --force", D, "removes signatures from an image", NONE)]),
    Tool::new("notation skopeo crane oras regctl").rules(&[
        ("list|ls|inspect|verify|version|manifest|config|digest|catalog|tags|list-tags|blob|export|validate|repo|discover, tag ls, image inspect|digest", R, "only reads", NONE),
        ("manifest|blob|repo|index push|create|cp|copy|update|annotate|put", C, "publishes images", NONE),
        ("copy|cp|sync|push|pull|tag|sign|login|logout|append|mutate|auth|attach|annotate|rebase|flatten|image", C, "copies or publishes images", L),
        ("delete|rm|remove, image delete", D, "deletes images", NONE),
        ("repo|manifest|blob|tag delete|rm", D, "deletes images", NONE),
    ]),
    Tool::new("base64 base32").judge(keys::base64),
    Tool::new("klist kinit kdestroy kadmin kadmin.local ldapsearch ldapmodify ldapadd ldapdelete ldapwhoami ldappasswd").values(&[("", "-H -D -w -y -b -s -f -h -p -q -c -k")]).judge(keys::directory),
];
