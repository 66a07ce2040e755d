#!/bin/sh
# A campaign as a Slurm array: each task plays its share of the seeds into its own directory.
#
#   sbatch --array=1-40 deploy/campaign/slurm.sh --seeds 1..2000000 --out /shared/campaign
#   leasehold merge /shared/campaign/shard-* --out /shared/campaign/all
#
# A task that was killed or ran into its time limit goes on when the same --array is submitted again,
# or by itself as one of LEASEHOLD_SHARDS: LEASEHOLD_SHARDS=40 sbatch --array=7 ...
#SBATCH --job-name=leasehold-campaign
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=2
#SBATCH --mem=1G
#SBATCH --requeue

set -u
program=${LEASEHOLD:-leasehold}
out=
previous=
for word in "$@"; do
    [ "$previous" = --out ] && out=$word
    case $word in --out=*) out=${word#--out=} ;; esac
    previous=$word
done
if [ -z "$out" ]; then
    echo "slurm.sh: --out DIR is missing: a directory that all nodes share" >&2
    exit 64
fi
id=${SLURM_ARRAY_TASK_ID:-} count=${SLURM_ARRAY_TASK_COUNT:-}
least=${SLURM_ARRAY_TASK_MIN:-1} step=${SLURM_ARRAY_TASK_STEP:-1}
if [ -n "${LEASEHOLD_SHARDS:-}" ]; then
    count=$LEASEHOLD_SHARDS least=1 step=1
fi
if [ -z "$id" ] || [ -z "$count" ]; then
    echo "slurm.sh: no task of an array: submit it with sbatch --array=1-N" >&2
    exit 64
fi
for number in "$id" "$count" "$least" "$step"; do
    case $number in
    *[!0-9]*)
        echo "slurm.sh: expected whole numbers of Slurm, found '$number'" >&2
        exit 64
        ;;
    esac
done
# What is no shard at all the program refuses, in words.
[ "$step" -gt 0 ] || step=1
results="$out/shard-$(((id - least) / step + 1))-of-$count/results.ndjson"
[ "$count" = 1 ] && results="$out/results.ndjson"
[ -e "$results" ] && set -- --resume "$@"
# Slurm warns with SIGTERM before it kills: the program then ends with what it knows.
exec "$program" campaign --jobs "${SLURM_CPUS_PER_TASK:-2}" "$@"
