//! Tools that work on files.
use crate::commands::tools::files;
use crate::commands::tools::rules::{
    C, D, Otherwise, R, Tool,
    mark::{HEAVY, I, L, NONE, SECRET},
};

#[rustfmt::skip]
pub(in crate::commands::tools) const TOOLS: &[Tool] = &[
    Tool::new("rm unlink srm").judge(files::rm),
    Tool::new("rmdir").otherwise(Otherwise::Change("removes an empty directory")),
    Tool::new("mv rename").values(&[("", "-t --target-directory -S --suffix")]).judge(files::moved),
    Tool::new("cp install ditto").values(&[("", "-t --target-directory -S --suffix -m --mode -o --owner -g --group")]).judge(files::copied),
    Tool::new("dd dcfldd").judge(files::dd),
    Tool::new("shred wipe blkdiscard truncate fallocate").values(&[("", "-s --size -r --reference -n -o -l")]).judge(files::emptied),
    Tool::new("touch mkdir mktemp mkfifo mknod").otherwise(Otherwise::Change("makes a file or directory")).judge(files::made),
    Tool::new("ln link").otherwise(Otherwise::Change("makes a link")),
    Tool::new("chmod chown chgrp chattr setfacl setcap").judge(files::rights),
    Tool::new("tee sponge").judge(files::tee),
    Tool::new("find fd fdfind bfs").one_dash().judge(files::find),
    Tool::new("sed gsed").glued("i").values(&[("", "-e --expression -f --file -l --line-length")]).judge(files::sed),
    Tool::new("awk gawk mawk nawk").values(&[("", "-F -v -f --file -i --include -l")]).judge(files::awk),
    Tool::new("tar gtar bsdtar").values(&[("", "-f --file -C --directory -T --files-from -X --exclude-from --exclude -I --use-compress-program --to-command --checkpoint-action -b -g --listed-incremental --strip-components --transform --owner --group --mode")]).judge(files::tar),
    Tool::new("gzip gunzip bzip2 bunzip2 xz unxz zstd unzstd lz4 pigz uncompress compress").judge(files::packed),
    Tool::new("zip unzip 7z 7za cpio ar").judge(files::archive),
    Tool::new("rsync").values(&[("", "-e --rsh --exclude --include --exclude-from --include-from --files-from --bwlimit --port --password-file --rsync-path --log-file --backup-dir --compare-dest --copy-dest --link-dest --timeout --max-delete -f --filter --chown --chmod -T --temp-dir --partial-dir")]).judge(files::rsync),
    Tool::new("scp").values(&[("", "-i -P -F -o -c -l -S -J")]).judge(files::scp),
    Tool::new("sftp ftp lftp").values(&[("", "-b -i -P -F -o -c -B -J -R -S -e")]).judge(files::sftp),
    Tool::new("rclone").values(&[("", "--config --bwlimit --transfers --checkers --include --exclude --filter --max-age --min-age --log-file")]).pretends(&[("", "--dry-run -n")]).rules(&[
        ("ls|lsl|lsd|lsf|lsjson|size|check|cat|about|version|tree|md5sum|hashsum|listremotes|ncdu, config show", R, "only reads", NONE),
        ("copy|copyto|mkdir|touch|rcat|mount|serve|config", C, "copies files", L),
        ("sync|move|moveto|delete|deletefile|purge|rmdir|rmdirs|cleanup|dedupe|bisync", D, "deletes files", L),
    ]),
    Tool::new("restic borg duplicity kopia").values(&[("", "-r --repo -p --password-file --tag --host --path --target -t --include --exclude --password-command --keep-last --keep-daily --keep-weekly --keep-monthly")]).pretends(&[("", "--dry-run -n")]).rules(&[
        ("snapshots|ls|stats|check|find|diff|list|info|cat|dump|version, snapshot list", R, "only reads", NONE),
        ("backup|create|init|tag|copy|unlock|mount, snapshot create", C, "writes a backup", L),
        ("restore|extract, snapshot restore", D, "overwrites files with those of a backup", L),
        ("forget|prune|delete|compact|recreate|repair|rebuild-index|key", D, "deletes backups or keys", L),
    ]).riders(&[("check", "--repair", D, "repairs backups: damaged ones are deleted", L)]),
    Tool::new("patch ex split csplit dos2unix unix2dos chrpath").otherwise(Otherwise::Change("changes files")),
    Tool::new("logrotate").values(&[("", "-s --state -m --mail -l --log")]).judge(files::logrotate),
    Tool::new("mount losetup swapon swapoff").judge(files::mount),
    Tool::new("umount").judge(files::mount),
    Tool::new("mkfs mkfs.ext4 mkfs.ext3 mkfs.ext2 mkfs.xfs mkfs.btrfs mkfs.vfat mke2fs mkswap newfs pvremove vgremove lvremove lvreduce vgreduce sgdisk sfdisk cfdisk gdisk wipefs")
        .judge(files::format),
    Tool::new("fdisk parted partprobe kpartx").judge(files::partition),
    Tool::new("lvcreate lvextend lvresize lvchange lvconvert lvrename vgcreate vgextend vgchange vgrename vgimport vgexport pvcreate pvresize pvmove pvchange resize2fs xfs_growfs tune2fs xfs_admin fstrim e2label growpart").values(&[("", "-L --size -l --extents -n --name")]).judge(files::volumes),
    Tool::new("lvs vgs pvs lvdisplay vgdisplay pvdisplay lvscan vgscan pvscan dumpe2fs xfs_info smartctl  filefrag  repquota quota").otherwise(Otherwise::Reads),
    Tool::new("fsck fsck.ext4 fsck.xfs e2fsck xfs_repair btrfsck").judge(files::fsck),
    Tool::new("mdadm").judge(files::mdadm),
    Tool::new("cryptsetup").rules(&[
        ("status|luksDump|isLuks|benchmark", R, "only reads", NONE),
        ("open|luksOpen|resize|luksAddKey|luksChangeKey|refresh", C, "opens or changes an encrypted device", I | SECRET),
        ("close|luksClose|luksFormat|erase|luksErase|luksRemoveKey|luksKillSlot|reencrypt", D, "closes or erases an encrypted device", NONE),
    ]),
    Tool::new("zfs zpool").values(&[("", "-o -t -s -S -d -r -R -O -m")]).rules(&[
        ("list|status|get|iostat|history|events|diff|version|userspace|groupspace|holds", R, "only reads", NONE),
        ("destroy|rollback|receive|recv|detach|remove|offline|export|labelclear|split|release|unmount|inherit", D, "destroys, rolls back or takes away", NONE),
        ("send", R, "reads a snapshot whole", HEAVY | L),
        ("scrub", C, "checks a pool: much reading", HEAVY),
        ("create|set|snapshot|clone|mount|share|rename|promote|attach|replace|online|add|import|upgrade|trim|clear|hold|allow|resilver|initialize", C, "changes a pool or file system", NONE),
    ]).pretends(&[("destroy|receive|recv|create|add", "-n")]),
    Tool::new("btrfs").rules(&[
        ("filesystem|fi show|df|usage|du", R, "only reads", NONE),
        ("subvolume|su list|show|get-default", R, "only reads", NONE),
        ("device|dev stats|usage", R, "only reads", NONE),
        ("scrub|balance status", R, "only reads", NONE),
        ("subvolume|su delete", D, "deletes a subvolume", NONE),
        ("device|dev remove|delete", D, "takes a device away", L),
        ("check", R, "checks a file system", HEAVY),
    ]),
];
