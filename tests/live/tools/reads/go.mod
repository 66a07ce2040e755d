module leasehold/livetools/reads

go 1.25.0
