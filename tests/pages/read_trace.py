"""Reads a Perfetto trace with Perfetto's own schema: read_trace.py FILE, by the Python that
tests/live/tools/install.py perfetto prints. Writes JSON to stdout."""
import json
import sys

from google.protobuf.unknown_fields import UnknownFieldSet
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as schema


def unknown(message):
    """Fields that the schema has not, at any depth."""
    count = len(UnknownFieldSet(message))
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for one in [value] if hasattr(value, "ListFields") else value:
                count += unknown(one)
    return count


def main():
    trace = schema.Trace()
    with open(sys.argv[1], "rb") as file:
        trace.ParseFromString(file.read())
    tracks, events = {}, []
    kinds = {schema.TrackEvent.TYPE_SLICE_BEGIN: "begin", schema.TrackEvent.TYPE_SLICE_END: "end",
             schema.TrackEvent.TYPE_INSTANT: "instant", schema.TrackEvent.TYPE_COUNTER: "counter"}
    for packet in trace.packet:
        if packet.HasField("track_descriptor"):
            track = packet.track_descriptor
            tracks[track.uuid] = {"name": track.name, "parent": track.parent_uuid,
                                  "counter": track.HasField("counter")}
        else:
            event = packet.track_event
            events.append({
                "at": packet.timestamp, "kind": kinds[event.type], "track": event.track_uuid,
                "name": event.name, "categories": list(event.categories),
                "flows": list(event.flow_ids), "flowEnds": list(event.terminating_flow_ids),
                "value": event.double_counter_value if event.HasField("double_counter_value")
                else event.counter_value,
                "notes": {note.name: note.string_value or note.uint_value
                          for note in event.debug_annotations}})
    json.dump({"tracks": tracks, "events": events, "unknown": unknown(trace),
               "sequences": sorted({packet.trusted_packet_sequence_id for packet in trace.packet}),
               "cleared": trace.packet[0].sequence_flags}, sys.stdout)


if __name__ == "__main__":
    main()
