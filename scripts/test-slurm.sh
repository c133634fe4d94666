#!/usr/bin/env bash
# Runs the tests that need a cluster on a Slurm of their own: a controller and two nodes, n1 and n2, on this machine's loopback, in a
# temporary folder that goes away with them. A Slurm that the machine already has is neither used nor touched.
#
#   scripts/test-slurm.sh                 the tests
#   scripts/test-slurm.sh COMMAND …       another command in their place, e.g. bash, to look around
#
# The tests find the folder in UNDERTONE_SLURM; its programs kill-node and start-node take the name of a node.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

missing=()
for package in slurmctld slurmd munged:munge sbatch:slurm-client; do
    PATH=$PATH:/usr/sbin command -v "${package%:*}" >/dev/null || missing+=("${package#*:}")
done
if ((${#missing[@]} > 0)); then
    install=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
    if [[ $(id -u) != 0 ]]; then install=(sudo -n "${install[@]}"); fi
    echo "test-slurm: installing ${missing[*]}" >&2
    if ! { "${install[@]}" update && "${install[@]}" install -y --no-install-recommends "${missing[@]}"; } >&2; then
        echo "error: a Slurm to test with is missing, and apt-get could not install it. Run this line, then the same command again:" >&2
        echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 66
    fi
fi
export PATH=$PATH:/usr/sbin

cluster=$(mktemp -d "${TMPDIR:-/tmp}/undertone-slurm-XXXXXX")
mkdir "$cluster"/{state,log,n1,n2}
# munged wants a folder that everybody may enter and nobody else may write.
chmod 755 "$cluster"

# Three ports that nobody listens to.
port=0
while ((port == 0)); do
    port=$((20000 + RANDOM % 10000))
    for offset in 0 1 2; do
        if (exec 3<>"/dev/tcp/127.0.0.1/$((port + offset))") 2>/dev/null; then port=0 && break; fi
    done
done

host=${HOSTNAME%%.*} user=$(id -un)
cat >"$cluster/slurm.conf" <<CONF
ClusterName=undertone
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$cluster/munge.socket
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/%n
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/%n.pid
SlurmctldLogFile=$cluster/log/slurmctld
SlurmdLogFile=$cluster/log/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
# A node that is gone is missed soon.
SlurmdTimeout=5
KillWait=10
ReturnToService=2
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=2 RealMemory=1000
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=2 RealMemory=1000
PartitionName=test Nodes=n1,n2 Default=YES MaxTime=60 State=UP
CONF

cat >"$cluster/start-node" <<'NODE'
#!/usr/bin/env bash
exec slurmd -N "$1" -f "$(dirname "$0")/slurm.conf"
NODE
# As if its power were gone: the daemon, what looks after its jobs, and the jobs, at once and without a word.
cat >"$cluster/kill-node" <<'NODE'
#!/usr/bin/env bash
cluster=$(dirname "$0")
victims=()
if [[ -e $cluster/$1.pid ]]; then victims+=("$(<"$cluster/$1.pid")"); fi
for process in /proc/[0-9]*; do
    if tr '\0' '\n' 2>/dev/null <"$process/environ" | grep -qxF "SLURMD_NODENAME=$1" &&
        tr '\0' '\n' 2>/dev/null <"$process/environ" | grep -qxF "SLURM_CONF=$cluster/slurm.conf"; then
        victims+=("${process#/proc/}")
        parent=$(awk '/^PPid:/ { print $2 }' "$process/status" 2>/dev/null)
        if [[ $(cat "/proc/$parent/comm" 2>/dev/null) == slurmstepd ]]; then victims+=("$parent"); fi
    fi
done
kill -9 "${victims[@]}" 2>/dev/null
rm -f "$cluster/$1.pid"
NODE
chmod +x "$cluster"/*-node

tear_down() {
    for node in n1 n2; do "$cluster/kill-node" "$node" || true; done
    for daemon in slurmctld munged; do
        if [[ -e $cluster/$daemon.pid ]]; then kill -9 "$(<"$cluster/$daemon.pid")" 2>/dev/null || true; fi
    done
    rm -rf "$cluster"
}
trap tear_down EXIT

export SLURM_CONF=$cluster/slurm.conf
(umask 077 && head -c 1024 /dev/urandom >"$cluster/munge.key")
munged --force --key-file="$cluster/munge.key" --socket="$cluster/munge.socket" --pid-file="$cluster/munged.pid" \
    --log-file="$cluster/log/munged" --seed-file="$cluster/munge.seed"
slurmctld -f "$SLURM_CONF"
for node in n1 n2; do "$cluster/start-node" "$node"; done
for ((tries = 0; $(sinfo --noheader --format=%D --states=idle 2>/dev/null || echo 0) != 2; tries++)); do
    if ((tries == 300)); then
        echo "error: the nodes of a Slurm on this machine do not come up; what its daemons said last:" >&2
        tail -n 15 "$cluster"/log/* >&2
        exit 70
    fi
    sleep 0.2
done

export UNDERTONE_SLURM=$cluster
if (($# > 0)); then
    "$@"
else
    cd "$root" && "${SWIFT:-swift}" test -c release --filter ClusterTests
fi
