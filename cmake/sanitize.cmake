# Address and undefined-behaviour sanitizers. A finding ends the program: a test that goes on after
# one would pass.
if(LEASEHOLD_SANITIZE)
    set(leasehold_sanitize_flags -fsanitize=address,undefined -fno-sanitize-recover=all
                                 -fno-omit-frame-pointer)
    add_compile_options(${leasehold_sanitize_flags})
    add_link_options(${leasehold_sanitize_flags})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # g++ 12 takes instrumented code of Boost and the standard library for uninitialized;
        # without the sanitizers the same sources give no such warning.
        add_compile_options(-Wno-uninitialized -Wno-maybe-uninitialized)
    endif()
endif()
