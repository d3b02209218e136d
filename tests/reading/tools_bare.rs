//! Calls that act although they name no verb, restores however they are written, and looks that only sound like more.
use firedeck::domain::approval::Tier::{self, Change as C, Danger as D, Read as R};

use super::tools::hold_groups;

const A_DEPLOYER_ACTS_EVEN_WITHOUT_A_VERB: &[(Tier, &str, &str)] = &[
    (C, "", "vercel\nvercel --prod\nvercel ./dist --prod\nvercel env add KEY preview\nvercel deploy --prod"),
    (C, "", "netlify deploy --prod\nfly deploy\nrailway up\nwrangler deploy\nfirebase deploy\nkamal deploy"),
    // A name behind the verb says nothing of what is done.
    (
        C,
        "",
        "eb deploy test-env\ncf push status\ndoctl compute droplet create test-1\nheroku config:set A=show",
    ),
    (D, "l", "serverless deploy\nsls deploy\ncdk deploy\npulumi up"),
    (D, "", "flyctl scale count 0\nheroku ps:scale web=0\ndokku ps:restart app\nwrangler delete"),
    (D, "r", "dokku run app rm -rf /app/x\nkamal app exec 'rm -rf x'"),
    (
        R,
        "",
        "vercel --version\nvercel ls\nvercel logs\nfly scale show\nflyctl status\nheroku\nfirebase projects:list",
    ),
    (R, "e", "wrangler tail"),
];

#[test]
fn a_deployer_acts_even_without_a_verb() {
    hold_groups(A_DEPLOYER_ACTS_EVEN_WITHOUT_A_VERB);
}

const A_RESTORE_IS_DANGER_HOWEVER_IT_IS_WRITTEN: &[(Tier, &str, &str)] = &[
    (
        D,
        "o",
        "./backup-volumes.sh --restore x.tgz\nbash backup.sh --restore=x\npython3 backup.py restore x\n./ops.sh rollback",
    ),
    (C, "o", "./backup.sh --no-restore\n./ops.sh deploy --restored-from\n./ops.sh dns"),
    (
        D,
        "i",
        "gcloud sql backups restore 1 --restore-instance=db\ngcloud sql instances restore-backup db --backup-id=1",
    ),
    (
        D,
        "w",
        "cp data/x.db.backup data/x.db\ncp -p app.conf.bak app.conf\ncp /backup/x.sqlite /srv/x.sqlite\nmv nginx.conf.old nginx.conf",
    ),
    (
        C,
        "w",
        "cp app.conf app.conf.bak\ncp /backup/x.db /tmp/x.db\ncp backup.sh run.sh\nmv backup-1.tgz /mnt/nas/",
    ),
    (
        D,
        "s",
        "kubectl patch secret x -p '{\"data\":{\"a\":\"b\"}}'\nkubectl patch secret x --patch '{\"stringData\":{}}'",
    ),
    (C, "s", "kubectl patch secret x -p '{\"metadata\":{\"labels\":{\"a\":\"b\"}}}'"),
];

#[test]
fn a_restore_is_danger_however_it_is_written() {
    hold_groups(A_RESTORE_IS_DANGER_HOWEVER_IT_IS_WRITTEN);
}

const WHAT_ONLY_LOOKS_IS_NOT_READ_HIGHER: &[(Tier, &str, &str)] = &[
    (
        R,
        "",
        "fail2ban-client status sshd\ncloudflared tunnel info x\ncloudflared --version\nsome-tool --version",
    ),
    (R, "i", "telnet db 5432"),
    (C, "io", "telnet db\ntelnet db 23"),
    (
        R,
        "r",
        "aws ssm send-command --document-name AWS-RunShellScript --parameters 'commands=[\"df -h\",\"docker ps\"]'",
    ),
    (
        D,
        "r",
        "aws ssm send-command --document-name AWS-RunShellScript --parameters 'commands=[\"df -h\",\"rm -rf /x\"]'",
    ),
    (C, "r", "aws ssm send-command --document-name AWS-RunShellScript --parameters 'commands=[\"df -h\"'"),
    (C, "r", "aws ssm send-command --document-name Own --parameters 'commands=[\"df -h\"]'"),
    // Whether a script heeds the word cannot be seen.
    (C, "o", "./cleanup.sh --dry-run\n./x.sh --version"),
    (D, "o", "./cleanup.sh --dry-run=false"),
    (R, "s", "curl -H 'xi-api-key: x' http://a\ncurl -H 'X-Admin-API-Key: x' http://a"),
    (R, "", "curl -H 'Idempotency-Key: x' http://a"),
];

#[test]
fn what_only_looks_is_not_read_higher() {
    hold_groups(WHAT_ONLY_LOOKS_IS_NOT_READ_HIGHER);
}
