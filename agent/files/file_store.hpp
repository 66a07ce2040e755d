// FileStore: the local ETL files, one per key, behind the model's requests.
//
// Layout: ROOT/<key> as a single install has it (etl/bingen/<pipeline>/<resolution>/<start>-<end>).
// What a tag says (epoch, etag, dirty), the size and the digest lie beside it; see the .cpp.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/base/asio.hpp"
#include "agent/base/bytes.hpp"
#include "agent/base/duties.hpp"
#include "agent/base/file_pool.hpp"
#include "model/protocol/effects.hpp"
#include "model/protocol/events.hpp"

namespace leasehold::agent {

class FileStore {
  public:
    /// FileAnswered, on the loop, never inside a call of this class.
    using Deliver = std::function<void(Event)>;

    /// Makes `root` if it is missing, removes orphans of an earlier crash. Throws
    /// std::system_error, or std::runtime_error when another process holds the store. What fails
    /// is told to `duties`, unless it is null.
    FileStore(asio::io_context& loop, FilePool& pool, std::string root, Deliver deliver,
              Duties* duties = nullptr);
    ~FileStore();

    /// One operation; answered exactly once. Operations of one key are done in their order.
    void send(const SendFile& request);
    /// The object of `key` is on its way to the bucket, until it was answered. A file of that key
    /// that is to be stored gives way to it, for a second at most: both want the same cores and
    /// disk, and somebody waits for the object. Queries have the bytes from memory meanwhile, and
    /// a store is answered when it is done, as ever.
    void upload_left(RequestId upload, const ObjectKey& key);
    /// Also of a request that is no upload.
    void upload_answered(RequestId upload);
    /// The bytes of the file that `key` has now, for a put whose payload is the local file; null
    /// when it is not there. Not verified: the upload hashes them.
    [[nodiscard]] BytesPtr open(const ObjectKey& key) const;
    /// Where temporary files of this store lie (same file system).
    [[nodiscard]] const std::string& spool_directory() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace leasehold::agent
