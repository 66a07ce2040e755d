#include "agent/bucket/credentials_chain.hpp"

#include <utility>

#include "agent/bucket/credentials_container.hpp"
#include "agent/bucket/credentials_instance.hpp"
#include "agent/bucket/credentials_web_identity.hpp"

namespace leasehold::agent {

using Error = Unexpected<std::string>;

ChainSource::ChainSource(KeySource keys, std::unique_ptr<CredentialsSource> role, FilePool& pool,
                         Duration rotation)
    : keys_(std::move(keys)),
      role_(std::move(role)),
      pool_(pool),
      rotation_(rotation),
      self_(std::make_shared<ChainSource*>(this)) {}

Grant ChainSource::of_keys(Credentials credentials) const {
    return Grant{std::move(credentials), std::nullopt, rotation_, false, "keys"};
}

Result<std::optional<Grant>, std::string> ChainSource::start() const {
    auto loaded = keys_.load();
    if (!loaded) return Error{loaded.error()};
    if (*loaded) return std::optional(of_keys(**std::move(loaded)));
    if (role_ == nullptr) return Error{no_credentials(keys_)};
    return std::optional<Grant>();
}

void ChainSource::fetch(Done done) {
    pool_.run([keys = keys_] { return keys.load(); },
              [weak = std::weak_ptr(self_),
               done = std::move(done)](Result<std::optional<Credentials>, std::string> loaded) {
                  if (const auto self = weak.lock()) (*self)->take(std::move(loaded), done);
              });
}

void ChainSource::take(Result<std::optional<Credentials>, std::string> loaded, const Done& done) {
    if (!loaded) return done(Error{loaded.error()});
    if (*loaded) return done(of_keys(**std::move(loaded)));
    if (role_ == nullptr) return done(Error{no_credentials(keys_)});
    role_->fetch(done);
}

std::unique_ptr<CredentialsSource> make_role_source(const RolePlan& plan, asio::io_context& loop,
                                                    FilePool& pool) {
    if (const auto* web = std::get_if<WebIdentityPlan>(&plan))
        return std::make_unique<WebIdentitySource>(*web, loop, pool);
    if (const auto* container = std::get_if<ContainerPlan>(&plan))
        return std::make_unique<ContainerSource>(*container, loop, pool);
    if (const auto* instance = std::get_if<InstancePlan>(&plan))
        return std::make_unique<InstanceSource>(*instance, loop);
    return nullptr;
}

}  // namespace leasehold::agent
