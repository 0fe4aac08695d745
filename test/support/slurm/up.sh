#!/bin/bash
# Bring up a private, real Slurm (munged + slurmctld + N x slurmd) on 127.0.0.1.
#   usage:  up.sh [DIR]       then:  . DIR/env   ... sbatch/squeue/scancel ...;   down.sh DIR
#   env:    NODES=2 CPUS=2 MEM=2000 GPUS=0   SLURMD_TIMEOUT=10 MIN_JOB_AGE=600  MAX_ARRAY=1001
#           ACCOUNTS= folder made by accounts.sh: a real slurmdbd keeps accounts, and enforces them
#           CONF= further lines of slurm.conf, such as a second partition
#           HOSTS=1: every node is a host of its own (network and host name), joined by a bridge that nobody outside sees.
#                    Needs root; clients must be in the controller's network: nsenter -n -t $(cat DIR/pids/munged) sbatch ...
# Everything lives under DIR; DIR/pids/* holds one pid per daemon. Works as root or unprivileged
# (daemons and jobs then all run as you). No systemd, no cgroups, nothing in /etc is read.
set -euo pipefail
umask 022
NODES=${NODES:-2} CPUS=${CPUS:-2} MEM=${MEM:-2000} GPUS=${GPUS:-0}
export PATH=$PATH:/usr/sbin:/sbin HOSTS=${HOSTS:-}
# --- hosts. Everything but the files is in a network of its own, where this script begins again as the host "head".
if [ "$HOSTS" = 1 ]; then
  D=${1:-$(mktemp -d /tmp/slurm.XXXXXX)}
  HOSTS=head exec unshare --net --uts --mount --propagation private -- "$0" "$D"
elif [ "$HOSTS" = head ]; then
  hostname head; ip link set lo up
  ip link add nodes type bridge; ip addr add 10.77.0.1/24 dev nodes; ip link set nodes up
  names=$(mktemp); { echo "127.0.0.1 localhost"; echo "10.77.0.1 head"
    for ((i = 1; i <= NODES; i++)); do echo "10.77.0.$((1 + i)) n$i"; done; } > "$names"
  chmod 644 "$names"; mount --bind "$names" /etc/hosts; rm -f "$names"
fi
# --- address. SlurmctldHost must be this host's own short name. With No*InAddrAny the daemons bind to
# whatever that name resolves to (not to the address written here), so both must agree: 127.* where
# /etc/hosts says so; in Docker the container's own address, unless "127.0.0.1 <hostname>" comes first.
H=$(hostname -s)
A=$(getent ahostsv4 "$H" | awk 'NR == 1 { print $1 }') || true
case "$A" in
  127.*) ;;
  "") echo "up: '$H' does not resolve; put '127.0.0.1 $H' in /etc/hosts (and, with no interface but lo, ip addr add 10.255.255.254/32 dev lo)" >&2; exit 1 ;;
  *) [ "$HOSTS" ] || echo "up: note: $H is $A, not 127.*: the daemons will listen there" >&2 ;;
esac
D=${1:-$(mktemp -d /tmp/slurm.XXXXXX)}; mkdir -p "$D"; D=$(cd "$D" && pwd -P)
[ -z "$(ls -A "$D")" ] || { echo "up: $D is not empty" >&2; exit 1; }           # down.sh will rm -rf it
[ ${#D} -le 60 ] || { echo "up: $D: too long for unix socket paths" >&2; exit 1; }
chmod 755 "$D"                                   # mktemp gives 0700: jobs of other users need +x
mkdir -p "$D"/{etc,munge,pids,log,spool,state}
chmod 700 "$D/state"; chmod 755 "$D/munge"       # munged wants its socket dir a+x, not group-writable
ME=$(id -un)
fail() { echo "up: $*" >&2; tail -n 8 "$D"/log/*.log >&2 || true; "$(dirname "$0")/down.sh" "$D" --keep || true; exit 1; }

# --- a run of free ports below the ephemeral range: ctld, slurmd 1..N, slurmdbd, then 40 for srun
free_base() { local b p t
  for t in {1..50}; do b=$((20000 + RANDOM % 80 * 100))   # stays clear of 29500, torchrun's default
    for ((p = b; p < b + 2 + NODES; p++)); do (exec 3<>/dev/tcp/$A/$p) 2>/dev/null && continue 2; done
    echo $b; return; done; return 1; }

# --- config
B=$(free_base)
cat > "$D/etc/slurm.conf" <<CONF
ClusterName=ci
SlurmctldHost=$H($A)
SlurmctldPort=$B
SrunPortRange=$((B + 50))-$((B + 99))
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$D/munge/socket,cred_expire=5
SlurmUser=$ME
SlurmdUser=$ME
StateSaveLocation=$D/state
SlurmdSpoolDir=$D/spool/%n
SlurmctldPidFile=$D/state/slurmctld.pid
SlurmdPidFile=$D/spool/%n.pid
SlurmctldLogFile=$D/log/slurmctld.log
SlurmdLogFile=$D/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SwitchType=switch/none
MpiDefault=none
$(if [ "${ACCOUNTS:-}" ]; then echo "AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=$A
AccountingStoragePort=$((B + NODES + 1))
AccountingStoragePass=$D/munge/socket
AccountingStorageEnforce=associations,limits"; else echo AccountingStorageType=accounting_storage/none; fi)
JobCompType=jobcomp/filetxt
JobCompLoc=$D/log/jobcomp.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=5,bf_interval=5
SlurmdParameters=config_overrides
SlurmdTimeout=${SLURMD_TIMEOUT:-10}
SlurmctldTimeout=30
MessageTimeout=10
KillWait=3
InactiveLimit=0
MaxArraySize=${MAX_ARRAY:-1001}
MinJobAge=${MIN_JOB_AGE:-600}
ReturnToService=2
PropagateResourceLimits=NONE
$( ((GPUS)) && echo GresTypes=gpu)
CONF
for ((i = 1; i <= NODES; i++)); do
  if [ "$HOSTS" ]; then where="NodeHostname=n$i NodeAddr=10.77.0.$((1 + i))"; else where="NodeHostname=$H NodeAddr=$A"; fi
  echo "NodeName=n$i $where Port=$((B + i)) CPUs=$CPUS RealMemory=$MEM$( ((GPUS)) && echo " Gres=gpu:$GPUS") State=UNKNOWN"
done >> "$D/etc/slurm.conf"
echo "PartitionName=ci Nodes=n[1-$NODES] Default=YES MaxTime=INFINITE State=UP" >> "$D/etc/slurm.conf"
printf '%s\n' "${CONF:-}" >> "$D/etc/slurm.conf"
# slurmd 22.05 always loads a cgroup plugin, used or not. autodetect dies without a cgroup mount and on plain
# cgroup v2 without systemd (containers, CI); naming v1 skips detection, and nothing above ever uses it.
echo 'CgroupPlugin=cgroup/v1' > "$D/etc/cgroup.conf"
if ((GPUS)); then   # fake GPUs (at most 4): File must be a char device; these exist everywhere, nothing opens them
  F=(/dev/null /dev/zero /dev/full /dev/random); F=$(IFS=,; echo "${F[*]:0:GPUS}")
  echo "NodeName=n[1-$NODES] Name=gpu Flags=nvidia_gpu_env File=$F" > "$D/etc/gres.conf"
fi
export SLURM_CONF=$D/etc/slurm.conf
cat > "$D/env" <<ENV
export SLURM_CONF=$SLURM_CONF SLURM_LAB=$D
ENV

# --- munge: own key, own socket. The key must be 0600 and owned by the uid munged runs as.
(umask 077; head -c 128 /dev/urandom > "$D/munge/key")
start() { local n=$1; shift                      # each daemon: foreground, own session, pid recorded
  setsid "$@" </dev/null >> "$D/log/$n.out" 2>&1 & echo $! > "$D/pids/$n"; }
waitfor() { local n=$1 t=$2; shift 2             # waitfor WHO TENTHS CMD...
  until "$@" >/dev/null 2>&1; do ((t-- > 0)) || fail "$n not ready"
    [ "$n" = nodes ] || kill -0 "$(cat "$D/pids/$n")" 2>/dev/null || fail "$n died"; sleep 0.1; done; }
start munged munged -F --key-file="$D/munge/key" --socket="$D/munge/socket" --pid-file="$D/munge/pid" \
  --seed-file="$D/munge/seed" --log-file="$D/log/munged.log" --num-threads=2
waitfor munged 50 munge -n -S "$D/munge/socket"
# --- accounts. MariaDB on a socket alone, open to whoever may enter DIR/db; slurmdbd's port is open to all, hence its own network (HOSTS).
if [ "${ACCOUNTS:-}" ]; then
  [ "$HOSTS" ] || fail "ACCOUNTS needs HOSTS=1"
  mkdir -m 700 "$D"/{db,data}
  L=$ACCOUNTS/usr/lib/x86_64-linux-gnu
  cat > "$D/etc/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$D/munge/socket
DbdHost=$H
DbdAddr=$A
DbdPort=$((B + NODES + 1))
SlurmUser=$ME
PidFile=$D/spool/slurmdbd.pid
LogFile=$D/log/slurmdbd.log
PluginDir=$L/slurm-wlm:/usr/lib/x86_64-linux-gnu/slurm-wlm
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=accounts
CONF
  chmod 600 "$D/etc/slurmdbd.conf"
  maria() { local LD_LIBRARY_PATH=$L; export LD_LIBRARY_PATH
    "$@" "$ACCOUNTS/usr/sbin/mariadbd" --no-defaults --user="$ME" --datadir="$D/data" --socket="$D/db/socket" --pid-file="$D/db/pid" \
      --lc-messages-dir="$ACCOUNTS/usr/share/mysql" --innodb-buffer-pool-size=16M --innodb-log-file-size=4M "${how[@]}"; }
  # Stored procedures need its own tables.
  { printf "%s\n" "CREATE DATABASE mysql;" "USE mysql;"; cat "$ACCOUNTS"/usr/share/mysql/mysql_system_tables{,_data}.sql; } > "$D/db/tables.sql"
  how=(--bootstrap); maria env < "$D/db/tables.sql" > "$D/log/mariadb.log" 2>&1 || fail "no database"
  how=(--skip-grant-tables --skip-networking); maria start mariadbd
  waitfor mariadbd 300 test -S "$D/db/socket"
  start slurmdbd env LD_LIBRARY_PATH="$L" MYSQL_UNIX_PORT="$D/db/socket" "$ACCOUNTS/usr/sbin/slurmdbd" -D
  waitfor slurmdbd 300 sacctmgr -n list cluster
  # The controller takes no jobs before its cluster and somebody's account are there.
  sacctmgr -i add cluster ci >/dev/null
  sacctmgr -i add account physics >/dev/null
  sacctmgr -i add user "$ME" account=physics >/dev/null
fi
start slurmctld slurmctld -D -i
waitfor slurmctld 100 scontrol ping
# A host begins without a network: its end of the cable is put in from here.
host() { local i=$1 p
  start slurmd.n$i unshare --net --uts -- sh -c "hostname n$i; ip link set lo up
    until ip addr add 10.77.0.$((1 + i))/24 dev eth$i 2>/dev/null; do sleep 0.05; done
    ip link set eth$i up; exec slurmd -D -N n$i"
  p=$(cat "$D/pids/slurmd.n$i")
  until [ "$(readlink "/proc/$p/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
  ip link add port$i type veth peer name eth$i netns "$p"
  ip link set port$i master nodes; ip link set port$i up; }
for ((i = 1; i <= NODES; i++)); do
  if [ "$HOSTS" ]; then host $i; else start slurmd.n$i slurmd -D -N n$i; fi
done
nodes_idle() { [ "$(sinfo -h -N -t idle -o %N | sort -u | wc -l)" = "$NODES" ]; }
waitfor nodes 150 nodes_idle
echo "$D"
