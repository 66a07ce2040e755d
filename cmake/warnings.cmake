# Warnings for everything that is built here. They become errors in the presets alone
# (CMAKE_COMPILE_WARNING_AS_ERROR), never for someone who builds with another compiler. Directory
# options, unlike an interface target, are never exported to users of the library.
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
                    -Wold-style-cast)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wuseless-cast)
endif()
