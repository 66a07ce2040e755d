// Arrows: who hears of what. All that connects the machines of the storage, and nothing else.
//
//   from            what                      to
//   ------------------------------------------------------------------------------------------
//   BackupRead      call                      follower: ParkedReads, then FetchQueue or the file
//                                             leader:   LeaderReads
//   BackupWrite     accepted                  Writer, then the file (Catalog)
//   Query           call                      Queries
//   bucket          LIST page                 Catalog, then FetchQueue or ParkedReads
//   bucket          GET                       Catalog.show, then its owner, then Catalog.adopt
//   bucket          put, remove               its owner; whoever waited for the key (Writer)
//   Writer          Committed                 Catalog, Graveyard, BucketHealth
//   Writer          Placed                    Catalog
//   Writer, claim   TryFailed                 BucketHealth
//   Writer          HigherEpoch               EpochClaim.raise
//   Writer, claim   ConditionsRefused         StoreProbe
//   Writer, claim   Contradiction             StoreProbe
//   EpochClaim      EpochClaimed              files' tags, Graveyard, Reconciler, BucketHealth
//   EpochClaim      RenewalWanted             the elector
//   BucketHealth    GiveUp                    the elector
//   Catalog         NotKept                   FetchQueue, Reconciler
//   file            can't be read             Catalog, Reconciler (fetch)
//   Catalog.show    an object went back       StoreProbe (not atomic), Reconciler (restore)
//   Catalog.show    an object is torn         Reconciler (restore)
//   all readers     Served                    Catalog
//   Reconciler      UploadReady               Writer
//   Writer          UploadNotStored           Reconciler
//   promotion       all that is parked        LeaderReads
//   demotion        all that waits            ParkedReads
#pragma once

#include "model/protocol/events.hpp"
#include "model/protocol/leadership.hpp"
#include "model/storage/state.hpp"

namespace leasehold::storage {

// calls_in.cpp
void on(Step& step, const Start& event);
void on(Step& step, const Stop& event);
void on(Step& step, const BackupRead& event);
void on(Step& step, const BackupWrite& event);
void on(Step& step, const BackupRemove& event);
void on(Step& step, const Query& event);
void on(Step& step, const Cancel& event);
/// Ends the calls whose deadline has come.
void settle(Step& step);

// bucket_answers.cpp, file_answers.cpp
void on(Step& step, const BucketAnswered& event);
void on(Step& step, const FileAnswered& event);

// facts.cpp
/// Tells the facts until there are none.
void tell(Step& step);
/// Every machine does what is due; then the invariants of each are checked.
void proceed(Step& step);

// roles.cpp: the only writers of the role
void become_leader(Step& step, const Leadership& leadership);
void become_follower(Step& step);
void become_ended(Step& step);

}  // namespace leasehold::storage
