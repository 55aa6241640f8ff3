# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# Every library and tool reads the same MLIR headers, so they are compiled once.
# This target owns the precompiled header that the others reuse.
if(NOT EXISTS ${CMAKE_BINARY_DIR}/DoReFaPrecompiled.cpp)
  file(WRITE ${CMAKE_BINARY_DIR}/DoReFaPrecompiled.cpp "")
endif()
add_library(DoReFaPrecompiled OBJECT ${CMAKE_BINARY_DIR}/DoReFaPrecompiled.cpp)
llvm_update_compile_flags(DoReFaPrecompiled)
target_precompile_headers(DoReFaPrecompiled PRIVATE
  ${CMAKE_CURRENT_LIST_DIR}/Precompiled.h)

# Adds a library to the DoReFa package, exported with DoReFaTargets.
#   add_dorefa_library(name sources... [NO_PRECOMPILED] [DEPENDS target...]
#                      [LINK_LIBS PUBLIC lib...] [MLIR_LIBS lib...])
function(add_dorefa_library name)
  cmake_parse_arguments(ARG "NO_PRECOMPILED" "" "DEPENDS;LINK_LIBS;MLIR_LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  llvm_update_compile_flags(${name})
  if(NOT ARG_NO_PRECOMPILED)
    target_precompile_headers(${name} REUSE_FROM DoReFaPrecompiled)
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  target_link_libraries(${name} ${ARG_LINK_LIBS})
  if(ARG_MLIR_LIBS)
    mlir_target_link_libraries(${name} PUBLIC ${ARG_MLIR_LIBS})
    target_link_libraries(${name} PUBLIC LLVM)
  endif()
  install(TARGETS ${name} EXPORT DoReFaTargets)
endfunction()

# Adds a program: add_dorefa_tool(name sources... LINK_LIBS lib... MLIR_LIBS lib...)
function(add_dorefa_tool name)
  cmake_parse_arguments(ARG "NO_PRECOMPILED" "" "LINK_LIBS;MLIR_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  # Compiled as the precompiled header is: -fPIC, not -fPIE.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  llvm_update_compile_flags(${name})
  if(NOT ARG_NO_PRECOMPILED)
    target_precompile_headers(${name} REUSE_FROM DoReFaPrecompiled)
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS})
  if(ARG_MLIR_LIBS)
    mlir_target_link_libraries(${name} PRIVATE ${ARG_MLIR_LIBS})
    target_link_libraries(${name} PRIVATE LLVM)
  endif()
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
