#include "agent/bucket/credentials_request.hpp"

#include <utility>

#include "agent/base/clock.hpp"
#include "agent/bucket/s3_url.hpp"

namespace leasehold::agent {
namespace {

ClientOptions of_one_service() {
    ClientOptions options;
    options.user_agent = "leasehold-agent";
    options.connections = 1;
    return options;
}

}  // namespace

ClientOptions service_options(const std::string& proxy, const std::string& no_proxy) {
    ClientOptions options = of_one_service();
    options.proxy = proxy;
    options.no_proxy = no_proxy;
    return options;
}

ClientOptions nearby_options(Duration connect) {
    ClientOptions options = of_one_service();
    options.connect_timeout = connect;
    return options;
}

std::string form_field(std::string_view name, std::string_view value) {
    return "&" + std::string(name) + "=" + percent_encode(value, false);
}

Request post_request(std::string url, const std::string& type, const std::string& accept,
                     std::string body, Duration timeout) {
    Request request;
    request.method = "POST";
    request.url = std::move(url);
    request.headers = {"Content-Type: " + type, "Accept: " + accept};
    request.has_body = true;
    request.body = {memory_bytes(std::move(body))};
    request.deadline = boottime() + timeout;
    request.body_limit = kLargestAnswer;
    return request;
}

Result<Grant, std::string> grant_of(
    const Response& response, std::string_view secret, std::string from,
    const std::function<Result<Issued, std::string>(std::string_view body, WallTime now)>& parse) {
    if (response.end != TransferEnd::answered || response.status != 200)
        return Unexpected<std::string>{failure(response, secret)};
    const WallTime now = read_now().wall;
    auto issued = parse(response.body, now);
    if (!issued) return Unexpected<std::string>{issued.error()};
    return granted(*std::move(issued), now, std::move(from));
}

}  // namespace leasehold::agent
