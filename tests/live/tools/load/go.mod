module leasehold/livetools/load

go 1.24.0
