#!/bin/sh
# A campaign as a Slurm array: each task plays its share of the seeds into its own directory.
#
#   sbatch --array=1-40 deploy/campaign/slurm.sh --seeds 1..2000000 --out /shared/campaign
#   leasehold merge /shared/campaign/shard-* --out /shared/campaign/all
#
# A task that was killed or ran into its time limit goes on when it is submitted again.
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
    previous=$word
done
if [ -z "$out" ]; then
    echo "slurm.sh: --out DIR is missing: a directory that all nodes share" >&2
    exit 64
fi
shard=$((SLURM_ARRAY_TASK_ID - ${SLURM_ARRAY_TASK_MIN:-1} + 1))
results="$out/shard-$shard-of-$SLURM_ARRAY_TASK_COUNT/results.ndjson"
[ "$SLURM_ARRAY_TASK_COUNT" = 1 ] && results="$out/results.ndjson"
[ -e "$results" ] && set -- --resume "$@"
# Slurm warns with SIGTERM before it kills: the program then ends with what it knows.
exec "$program" campaign --jobs "${SLURM_CPUS_PER_TASK:-2}" "$@"
