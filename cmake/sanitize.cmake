# Address and undefined-behaviour sanitizers. A finding ends the program: a test that goes on after
# one would pass.
if(LEASEHOLD_SANITIZE)
    set(leasehold_sanitize_flags -fsanitize=address,undefined -fno-sanitize-recover=all
                                 -fno-omit-frame-pointer)
    add_compile_options(${leasehold_sanitize_flags})
    add_link_options(${leasehold_sanitize_flags})
endif()
