// libcurl's handles with an owner. Internal to agent/transfer.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <curl/curl.h>

namespace leasehold::agent {

struct CurlDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
/// Beside CurlDeleter: to a compiler both handles are pointers to void.
struct MultiDeleter {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using MultiHandle = std::unique_ptr<CURLM, MultiDeleter>;
using EasyHandle = std::unique_ptr<CURL, CurlDeleter>;
using CurlList = std::unique_ptr<curl_slist, CurlDeleter>;

/// Sets an option of a handle. Throws std::runtime_error when libcurl refuses it.
template <class Value>
void set_option(CURL* easy, CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(easy, option, value);
    if (code == CURLE_OK) return;
    const curl_easyoption* named = curl_easy_option_by_id(option);
    throw std::runtime_error("libcurl refuses the option " +
                             std::string(named == nullptr ? "?" : named->name) + ": " +
                             curl_easy_strerror(code));
}

/// Adds a line to a list. Throws std::bad_alloc.
inline void append(CurlList& list, const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)list.release();  // `longer` begins with it
    list.reset(longer);
}

}  // namespace leasehold::agent
