module leasehold/livetools/load

go 1.25.0
