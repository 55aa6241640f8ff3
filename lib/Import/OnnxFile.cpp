//===- OnnxFile.cpp - Parsing ONNX files and their tensors ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxFile.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/ScopeExit.h"

#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx/onnx_pb.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mlir;
using namespace mlir::dorefa;

std::unique_ptr<onnx::ModelProto>
dorefa::parseOnnxFile(StringRef path, int64_t &size, EmitError emitError) {
  int fd = open(path.str().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) {
    emitError() << "cannot open the file: " << strerror(errno);
    return nullptr;
  }
  llvm::scope_exit closer([&] { close(fd); });
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    emitError() << "is not a plain file";
    return nullptr;
  }
  size = status.st_size;
  constexpr int64_t limit = std::numeric_limits<int32_t>::max();
  if (size == 0 || size > limit) {
    emitError() << "has " << size << " bytes but an ONNX file has 1 to "
                << limit << "; keep larger weights as external data";
    return nullptr;
  }
  // protobuf would print its own opinion of a bad file.
  google::protobuf::LogSilencer silencer;
  google::protobuf::io::FileInputStream stream(fd);
  google::protobuf::io::CodedInputStream input(&stream);
  input.SetTotalBytesLimit(static_cast<int>(size));
  input.SetRecursionLimit(100);
  auto model = std::make_unique<onnx::ModelProto>();
  if (model->ParsePartialFromCodedStream(&input) &&
      input.ConsumedEntireMessage())
    return model;
  emitError() << "is not an ONNX file, is truncated or corrupt, or is nested "
                 "deeper than 100 levels";
  return nullptr;
}

namespace {

/// Bytes of one element in raw data, 0 where the type is not supported.
unsigned getElementSize(int32_t type) {
  using T = onnx::TensorProto;
  switch (type) {
  case T::BOOL:
  case T::INT8:
  case T::UINT8:
    return 1;
  case T::BFLOAT16:
  case T::FLOAT16:
  case T::INT16:
  case T::UINT16:
    return 2;
  case T::FLOAT:
  case T::INT32:
  case T::UINT32:
    return 4;
  case T::DOUBLE:
  case T::INT64:
  case T::UINT64:
    return 8;
  default:
    return 0;
  }
}

float widen(uint16_t bits, const llvm::fltSemantics &semantics) {
  llvm::APFloat value(semantics, llvm::APInt(16, bits));
  bool lossy;
  value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmNearestTiesToEven,
                &lossy);
  return value.convertToFloat();
}

/// Elements stored as From, read into a vector of To.
template <typename From, typename To, typename Convert>
std::vector<To> readRaw(StringRef raw, Convert convert) {
  std::vector<To> result(raw.size() / sizeof(From));
  for (size_t i = 0; i < result.size(); ++i) {
    From element;
    std::memcpy(&element, raw.data() + i * sizeof(From), sizeof(From));
    result[i] = convert(element);
  }
  return result;
}

template <typename From>
std::vector<int64_t> readIntegers(StringRef raw) {
  return readRaw<From, int64_t>(raw, [](From x) { return int64_t(x); });
}

/// The elements of raw data, little-endian as ONNX says.
decltype(Constant::data) decodeRaw(int32_t type, StringRef raw) {
  using T = onnx::TensorProto;
  switch (type) {
  case T::FLOAT:
    return readRaw<float, float>(raw, [](float x) { return x; });
  case T::DOUBLE:
    return readRaw<double, double>(raw, [](double x) { return x; });
  case T::FLOAT16:
    return readRaw<uint16_t, float>(
        raw, [](uint16_t x) { return widen(x, llvm::APFloat::IEEEhalf()); });
  case T::BFLOAT16:
    return readRaw<uint16_t, float>(
        raw, [](uint16_t x) { return widen(x, llvm::APFloat::BFloat()); });
  case T::BOOL:
    return readRaw<uint8_t, int64_t>(raw, [](uint8_t x) { return x != 0; });
  case T::INT8:
    return readIntegers<int8_t>(raw);
  case T::UINT8:
    return readIntegers<uint8_t>(raw);
  case T::INT16:
    return readIntegers<int16_t>(raw);
  case T::UINT16:
    return readIntegers<uint16_t>(raw);
  case T::INT32:
    return readIntegers<int32_t>(raw);
  case T::UINT32:
    return readIntegers<uint32_t>(raw);
  default:
    return readIntegers<int64_t>(raw);
  }
}

/// The elements of the typed fields, which hold every narrow type as int32.
decltype(Constant::data) decodeFields(const onnx::TensorProto &tensor) {
  using T = onnx::TensorProto;
  const auto &words = tensor.int32_data();
  switch (tensor.data_type()) {
  case T::FLOAT:
    return std::vector<float>(tensor.float_data().begin(),
                              tensor.float_data().end());
  case T::DOUBLE:
    return std::vector<double>(tensor.double_data().begin(),
                               tensor.double_data().end());
  case T::FLOAT16:
  case T::BFLOAT16: {
    std::vector<float> result;
    result.reserve(words.size());
    const llvm::fltSemantics &semantics = tensor.data_type() == T::FLOAT16
                                              ? llvm::APFloat::IEEEhalf()
                                              : llvm::APFloat::BFloat();
    for (int32_t word : words)
      result.push_back(widen(static_cast<uint16_t>(word), semantics));
    return result;
  }
  case T::INT64:
    return std::vector<int64_t>(tensor.int64_data().begin(),
                                tensor.int64_data().end());
  case T::UINT32:
  case T::UINT64:
    return std::vector<int64_t>(tensor.uint64_data().begin(),
                                tensor.uint64_data().end());
  default:
    return std::vector<int64_t>(words.begin(), words.end());
  }
}

struct ExternalLocation {
  std::string file;
  int64_t offset = 0;
  int64_t length = -1;
};

FailureOr<ExternalLocation> getExternalLocation(const onnx::TensorProto &tensor,
                                                EmitError emitError) {
  ExternalLocation location;
  for (const auto &entry : tensor.external_data()) {
    if (entry.key() == "location") {
      location.file = entry.value();
      continue;
    }
    if (entry.key() != "offset" && entry.key() != "length")
      continue;
    int64_t &number =
        entry.key() == "offset" ? location.offset : location.length;
    if (StringRef(entry.value()).getAsInteger(10, number) || number < 0)
      return emitError() << "has external data whose " << entry.key() << " is '"
                         << entry.value() << "' but must be a number of bytes";
  }
  return location;
}

} // namespace

/// The raw bytes of `tensor`, wherever they are; freed in `tensor`. Empty where
/// it uses the typed fields.
static FailureOr<std::string> takeRaw(onnx::TensorProto &tensor, StringRef path,
                                      int64_t expected, EmitError emitError) {
  if (tensor.data_location() != onnx::TensorProto::EXTERNAL) {
    std::string raw = std::move(*tensor.mutable_raw_data());
    tensor.clear_raw_data();
    return raw;
  }
  FailureOr<ExternalLocation> location = getExternalLocation(tensor, emitError);
  if (failed(location))
    return failure();
  // Without a length the rest of a huge file would be read before its size is
  // checked.
  int64_t length = location->length < 0 ? expected : location->length;
  if (length != expected)
    return emitError() << "has " << length
                       << " bytes of external data but shape "
                       << "and type need " << expected;
  return readExternalData(path, location->file, location->offset, length,
                          emitError);
}

FailureOr<Constant> dorefa::takeConstant(onnx::TensorProto &tensor,
                                         StringRef path, EmitError emitError) {
  unsigned elementSize = getElementSize(tensor.data_type());
  if (elementSize == 0)
    return emitError() << "has element type number " << tensor.data_type()
                       << " but must hold floats, integers or booleans";
  Constant constant{{tensor.dims().begin(), tensor.dims().end()}, {}, false};
  if (llvm::is_contained(constant.shape, ShapedType::kDynamic))
    return emitError() << "has a size that is not a number";
  std::optional<int64_t> count = countElements(constant.shape);
  if (!count)
    return emitError() << "has shape " << formatShape(constant.shape)
                       << " but sizes must be at least 0, the rank at most "
                       << kMaxRank << " and the elements at most "
                       << kMaxElements;
  if (tensor.has_segment())
    return emitError() << "is stored in segments, which is not supported";
  int fields =
      (tensor.float_data_size() != 0) + (tensor.double_data_size() != 0) +
      (tensor.int32_data_size() != 0) + (tensor.int64_data_size() != 0) +
      (tensor.uint64_data_size() != 0) + (tensor.string_data_size() != 0) +
      !tensor.raw_data().empty() +
      (tensor.data_location() == onnx::TensorProto::EXTERNAL);
  if (fields > 1)
    return emitError() << "holds its elements more than once";
  FailureOr<std::string> raw =
      takeRaw(tensor, path, *count * elementSize, emitError);
  if (failed(raw))
    return failure();
  if (!raw->empty() && int64_t(raw->size()) != *count * elementSize)
    return emitError() << "has " << raw->size() << " bytes of data but shape "
                       << formatShape(constant.shape) << " needs "
                       << *count * elementSize;
  constant.data =
      raw->empty() ? decodeFields(tensor) : decodeRaw(tensor.data_type(), *raw);
  if (constant.getNumElements() != *count)
    return emitError() << "has " << constant.getNumElements()
                       << " elements but shape " << formatShape(constant.shape)
                       << " needs " << *count;
  return constant;
}
