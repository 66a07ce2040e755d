#include "sim/verify/merge.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "sim/verify/commits.hpp"
#include "sim/verify/renumber.hpp"

namespace leasehold::verify {
namespace {

using reports::HistoryReader;

/// Numbers what it is handed, moves it to the common time, and hands it on.
class Common final : public Observer {
  public:
    Common(TrueTime begin, const std::vector<Observer*>& observers, Merged& merged)
        : begin_(begin), observers_(observers), merged_(merged) {}

    void at(Place place) { place_ = place; }
    void on(const ProcessStarted& record) override {
        ProcessStarted copy = record;
        copy.clock.since = moved(copy.clock.since);
        send(copy);
    }
    void on(const ClockChanged& record) override {
        ClockChanged copy = record;
        copy.clock.since = moved(copy.clock.since);
        send(copy);
    }
    void on(const ProcessEnded& record) override { send(record); }
    void on(const ReplicaStepped& record) override { send(record); }
    void on(const RequestLeft& record) override { send(record); }
    void on(const PathChanged& record) override { send(record); }
    void on(const FaultTookEffect& record) override { send(record); }
    // The world's own records were sightings; what is put together comes by put_together().
    void on(const LeaseCommitted&) override {}
    void on(const ObjectCommitted&) override {}
    template <class Record>
    void put_together(const Record& record) {
        place_ = Place{kPutTogether, 0};
        send(record);
    }

  private:
    [[nodiscard]] TrueTime moved(TrueTime time) const { return TrueTime(time - begin_); }
    template <class Record>
    void send(Record record) {
        merged_.places.push_back(place_);
        record.number = merged_.places.size();
        record.at = moved(record.at);
        merged_.end = std::max(merged_.end, record.at);
        for (Observer* observer : observers_)
            observer->on(record);
    }

    TrueTime begin_;
    const std::vector<Observer*>& observers_;
    Merged& merged_;
    Place place_;
};

struct Source {
    std::unique_ptr<RecordingInput> input;
    std::unique_ptr<HistoryReader> reader;
    std::unique_ptr<Renumber> renumber;
    std::uint32_t file = 0;
    TrueTime last{};
};

/// The source whose next record is the earliest; null when all have ended.
Source* earliest(std::vector<Source>& sources) {
    Source* first = nullptr;
    for (Source& source : sources) {
        const auto at = source.reader->next_at();
        if (at && (first == nullptr || *at < *first->reader->next_at())) first = &source;
    }
    return first;
}

/// The end that a killed process could not record, unless who killed it declared it.
void end_of(const Source& source, const Sightings& sightings, std::optional<TrueTime> runs_on,
            Common& common) {
    const std::optional<ReplicaIndex> replica = source.renumber->started();
    if (!replica || sightings.end_is_known(*replica, source.last)) return;
    ProcessEnded record;
    record.at = runs_on.value_or(source.last);
    record.replica = *replica;
    record.cause = runs_on ? EndCause::run_ended : EndCause::crashed;
    common.put_together(record);
}

std::vector<Source> open_sources(const Recordings& recordings, Observer& next) {
    std::vector<Source> sources(recordings.files.size());
    for (std::size_t i = 0; i < sources.size(); ++i) {
        Source& source = sources[i];
        source.file = static_cast<std::uint32_t>(i);
        source.input = std::make_unique<RecordingInput>(recordings.files[i]);
        source.reader = std::make_unique<HistoryReader>(source.input->stream());
        source.renumber = std::make_unique<Renumber>(recordings.files[i].replicas, next);
    }
    return sources;
}

}  // namespace

Result<Merged, std::string> merge(const Recordings& recordings, const Sightings& sightings,
                                  Duration still_running, const std::vector<Observer*>& observers) {
    Merged merged;
    Common common(recordings.begin, observers, merged);
    const std::vector<LeaseCommitted> lease = lease_commits(sightings);
    const std::vector<ObjectCommitted> objects = object_commits(sightings);
    std::size_t lease_next = 0;
    std::size_t object_next = 0;
    // A commit comes before the step that first knew of it.
    const auto commits_until = [&](TrueTime at) {
        for (; lease_next < lease.size() && lease[lease_next].at <= at; ++lease_next)
            common.put_together(lease[lease_next]);
        for (; object_next < objects.size() && objects[object_next].at <= at; ++object_next)
            common.put_together(objects[object_next]);
    };
    std::vector<Source> sources = open_sources(recordings, common);
    while (Source* source = earliest(sources)) {
        source->last = *source->reader->next_at();
        commits_until(source->last);
        common.at(Place{source->file, source->reader->line()});
        source->reader->hand_over(*source->renumber);
        if (source->reader->error())
            return Unexpected{recordings.files[source->file].file + ": " +
                              source->reader->error()->to_string()};
        const bool over = !source->reader->next_at();
        if (over && recordings.end - source->last > still_running)
            end_of(*source, sightings, std::nullopt, common);
    }
    commits_until(recordings.end);
    for (const Source& source : sources)
        if (recordings.end - source.last <= still_running)
            end_of(source, sightings, recordings.end, common);
    return merged;
}

}  // namespace leasehold::verify
