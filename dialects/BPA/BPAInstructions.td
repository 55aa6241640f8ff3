//===- BPAInstructions.td - Instructions as operations ---------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Made of ISA.td by bpa-tblgen; a test compares. Included by BPAOps.td.
//
//===----------------------------------------------------------------------===//

def BPA_HaltOp : BPA_InstructionOp<"halt"> {
  let summary = "End the program once all queues are empty and all engines idle";
  let description = [{
    Executed by the front end. Fields:
    - `code`: what the register `halt_code` shows afterwards

    Example:
    ```mlir
    bpa.halt code=1
    ```
  }];
  let arguments = (ins
      DefaultValuedAttr<I64Attr, "0">:$code);
}

def BPA_ConfigureInputOp : BPA_InstructionOp<"cfg.input"> {
  let summary = "Where the input of `ga` and `mp` lies";
  let description = [{
    Executed by engine `ga`. Fields:
    - `base` (lanes): channel 0 of pixel (first_row, 0) of image 0
    - `pixel` (lanes): from pixel to pixel of a row
    - `row` (lanes): from row to row
    - `plane` (lanes): from bit plane to bit plane
    - `image` (lanes): from image to image

    Example:
    ```mlir
    bpa.cfg.input base=1 pixel=1 row=1 plane=1 image=1
    ```
  }];
  let arguments = (ins
      DefaultValuedAttr<I64Attr, "0">:$base,
      DefaultValuedAttr<I64Attr, "0">:$pixel,
      DefaultValuedAttr<I64Attr, "0">:$row,
      DefaultValuedAttr<I64Attr, "0">:$plane,
      DefaultValuedAttr<I64Attr, "0">:$image);
}

def BPA_ConfigureWindowOp : BPA_InstructionOp<"cfg.window"> {
  let summary = "What a window takes";
  let description = [{
    Executed by engine `ga`. Fields:
    - `lanes` (lanes): channels of a tap
    - `planes`: bit planes of the input
    - `valid` (planes): planes of 1 inside and 0 outside the input that follow the input's, 0 to 2
    - `pad` (code): code of a tap outside the input; bit m is plane m
    - `kh` (taps): height of the window
    - `kw` (taps): width of the window
    - `sy` (rows): stride
    - `sx` (pixels): stride
    - `dy` (rows): dilation
    - `dx` (pixels): dilation
    - `py` (rows): rows of padding above the input
    - `px` (pixels): pixels of padding left of the input

    Example:
    ```mlir
    bpa.cfg.window lanes=2 planes=2 valid=1 pad=1 kh=2 kw=2 sy=2 sx=2 dy=2 dx=2 py=1 px=1
    ```
  }];
  let arguments = (ins
      DefaultValuedAttr<I64Attr, "1">:$lanes,
      DefaultValuedAttr<I64Attr, "1">:$planes,
      DefaultValuedAttr<I64Attr, "0">:$valid,
      DefaultValuedAttr<I64Attr, "0">:$pad,
      DefaultValuedAttr<I64Attr, "1">:$kh,
      DefaultValuedAttr<I64Attr, "1">:$kw,
      DefaultValuedAttr<I64Attr, "1">:$sy,
      DefaultValuedAttr<I64Attr, "1">:$sx,
      DefaultValuedAttr<I64Attr, "1">:$dy,
      DefaultValuedAttr<I64Attr, "1">:$dx,
      DefaultValuedAttr<I64Attr, "0">:$py,
      DefaultValuedAttr<I64Attr, "0">:$px);
}

def BPA_ConfigureExtentOp : BPA_InstructionOp<"cfg.extent"> {
  let summary = "Sizes of input and output";
  let description = [{
    Executed by engine `ga`. Fields:
    - `h` (rows): height of the input
    - `w` (pixels): width of the input
    - `oh` (rows): height of the output
    - `ow` (pixels): width of the output
    - `first_row` (rows): row of the input that lies at `base`

    Example:
    ```mlir
    bpa.cfg.extent h=2 w=2 oh=2 ow=2 first_row=1
    ```
  }];
  let arguments = (ins
      DefaultValuedAttr<I64Attr, "1">:$h,
      DefaultValuedAttr<I64Attr, "1">:$w,
      DefaultValuedAttr<I64Attr, "1">:$oh,
      DefaultValuedAttr<I64Attr, "1">:$ow,
      DefaultValuedAttr<I64Attr, "0">:$first_row);
}

def BPA_ConfigurePoolOp : BPA_InstructionOp<"cfg.pool"> {
  let summary = "How the output of `mp` lies";
  let description = [{
    Executed by engine `ga`. Fields:
    - `sign`: compare codes as two's complement
    - `pixel` (lanes): from pixel to pixel of the output
    - `plane` (lanes): from bit plane to bit plane of the output

    Example:
    ```mlir
    bpa.cfg.pool sign=1 pixel=1 plane=1
    ```
  }];
  let arguments = (ins
      DefaultValuedAttr<I64Attr, "0">:$sign,
      DefaultValuedAttr<I64Attr, "0">:$pixel,
      DefaultValuedAttr<I64Attr, "0">:$plane);
}

def BPA_ConfigurePlanesOp : BPA_InstructionOp<"cfg.planes"> {
  let summary = "What the planes of both operands count";
  let description = [{
    Executed by engine `mm`. Fields:
    - `aplanes`: gathered planes, 1 to 10
    - `anegate`: bit m: gathered plane m counts negative
    - `ashift`: digit m of 4 bits: gathered plane m counts 2^digit
    - `wplanes`: planes of the weights
    - `wnegate`: bit k: weight plane k counts negative
    - `wshift`: digit k of 4 bits: weight plane k counts 2^digit
    - `rowsum`: deliver 2 sum - row sum, for weights whose bits mean -1 and +1

    Example:
    ```mlir
    bpa.cfg.planes aplanes=2 anegate=1 ashift=1 wplanes=2 wnegate=1 wshift=1 rowsum=1
    ```
  }];
  let arguments = (ins
      DefaultValuedAttr<I64Attr, "1">:$aplanes,
      DefaultValuedAttr<I64Attr, "0">:$anegate,
      DefaultValuedAttr<I64Attr, "0">:$ashift,
      DefaultValuedAttr<I64Attr, "1">:$wplanes,
      DefaultValuedAttr<I64Attr, "0">:$wnegate,
      DefaultValuedAttr<I64Attr, "0">:$wshift,
      DefaultValuedAttr<I64Attr, "0">:$rowsum);
}

def BPA_ConfigureResultOp : BPA_InstructionOp<"cfg.result"> {
  let summary = "What becomes of sums";
  let description = [{
    Executed by engine `pp`. Fields:
    - `mode`: codes by thresholds, or integers of 16 or 32 bits
    - `bits`: bits of a code
    - `first` (code): code of a sum that reaches no threshold
    - `pixel` (lanes or beats): from pixel to pixel; lanes for codes, beats for integers
    - `plane` (lanes): from bit plane to bit plane, for codes

    Example:
    ```mlir
    bpa.cfg.result mode=raw32 bits=2 first=1 pixel=1 plane=1
    ```
  }];
  let arguments = (ins
      DefaultValuedAttr<I64Attr, "0">:$mode,
      DefaultValuedAttr<I64Attr, "1">:$bits,
      DefaultValuedAttr<I64Attr, "0">:$first,
      DefaultValuedAttr<I64Attr, "0">:$pixel,
      DefaultValuedAttr<I64Attr, "0">:$plane);
}

def BPA_NopOp : BPA_InstructionOp<"nop"> {
  let summary = "Only wait and signal";
  let description = [{
    The field `engine` names the queue. Fields:
    - `engine`: whose queue it takes

    Example:
    ```mlir
    bpa.nop engine=st wait(ld) signal(ga)
    ```
  }];
  let arguments = (ins
      DefaultValuedAttr<I64Attr, "0">:$engine,
      DefaultValuedAttr<I64Attr, "0">:$wait,
      DefaultValuedAttr<I64Attr, "0">:$signal,
      OptionalAttr<FlatSymbolRefAttr>:$symbol);
}

def BPA_LoadOp : BPA_InstructionOp<"ld"> {
  let summary = "Copy rows of beats from DRAM";
  let description = [{
    Executed by engine `ld`. Fields:
    - `space`: the memory that is written
    - `dram` (beats): first beat in DRAM
    - `sram` (beats): first beat in the on-chip memory
    - `nx` (beats): length of a row
    - `ny` (rows): number of rows
    - `dstride` (beats): from row to row in DRAM
    - `sstride` (beats): from row to row in the on-chip memory

    Example:
    ```mlir
    bpa.ld space=tbuf dram=1 sram=1 nx=2 ny=2 dstride=1 sstride=1 wait(ga) signal(mm)
    ```
  }];
  let arguments = (ins
      DefaultValuedAttr<I64Attr, "0">:$space,
      DefaultValuedAttr<I64Attr, "0">:$dram,
      DefaultValuedAttr<I64Attr, "0">:$sram,
      DefaultValuedAttr<I64Attr, "1">:$nx,
      DefaultValuedAttr<I64Attr, "1">:$ny,
      DefaultValuedAttr<I64Attr, "0">:$dstride,
      DefaultValuedAttr<I64Attr, "0">:$sstride,
      DefaultValuedAttr<I64Attr, "0">:$wait,
      DefaultValuedAttr<I64Attr, "0">:$signal,
      OptionalAttr<FlatSymbolRefAttr>:$symbol);
}

def BPA_StoreOp : BPA_InstructionOp<"st"> {
  let summary = "Copy rows of beats from the feature-map memory to DRAM";
  let description = [{
    Executed by engine `st`. Fields:
    - `dram` (beats): first beat in DRAM
    - `sram` (beats): first beat in the on-chip memory
    - `nx` (beats): length of a row
    - `ny` (rows): number of rows
    - `dstride` (beats): from row to row in DRAM
    - `sstride` (beats): from row to row in the on-chip memory

    Example:
    ```mlir
    bpa.st dram=1 sram=1 nx=2 ny=2 dstride=1 sstride=1 wait(ld) signal(ga)
    ```
  }];
  let arguments = (ins
      DefaultValuedAttr<I64Attr, "0">:$dram,
      DefaultValuedAttr<I64Attr, "0">:$sram,
      DefaultValuedAttr<I64Attr, "1">:$nx,
      DefaultValuedAttr<I64Attr, "1">:$ny,
      DefaultValuedAttr<I64Attr, "0">:$dstride,
      DefaultValuedAttr<I64Attr, "0">:$sstride,
      DefaultValuedAttr<I64Attr, "0">:$wait,
      DefaultValuedAttr<I64Attr, "0">:$signal,
      OptionalAttr<FlatSymbolRefAttr>:$symbol);
}

def BPA_GatherOp : BPA_InstructionOp<"ga"> {
  let summary = "Gather the windows of output pixels";
  let description = [{
    Executed by engine `ga`. Fields:
    - `abuf` (words): first word of the gather buffer
    - `image`: image of the first output pixel
    - `oy` (rows): row of the first output pixel
    - `ox` (pixels): column of the first output pixel
    - `pixels` (pixels): output pixels, in the order (image, oy, ox)

    Example:
    ```mlir
    bpa.ga abuf=1 image=1 oy=1 ox=1 pixels=2 wait(ld) signal(mm)
    ```
  }];
  let arguments = (ins
      DefaultValuedAttr<I64Attr, "0">:$abuf,
      DefaultValuedAttr<I64Attr, "0">:$image,
      DefaultValuedAttr<I64Attr, "0">:$oy,
      DefaultValuedAttr<I64Attr, "0">:$ox,
      DefaultValuedAttr<I64Attr, "1">:$pixels,
      DefaultValuedAttr<I64Attr, "0">:$wait,
      DefaultValuedAttr<I64Attr, "0">:$signal,
      OptionalAttr<FlatSymbolRefAttr>:$symbol);
}

def BPA_PoolOp : BPA_InstructionOp<"mp"> {
  let summary = "Take the largest code of each window";
  let description = [{
    Executed by engine `ga`. Fields:
    - `out` (lanes): channel 0 of the first output pixel
    - `image`: image of the first output pixel
    - `oy` (rows): row of the first output pixel
    - `ox` (pixels): column of the first output pixel
    - `pixels` (pixels): output pixels, in the order (image, oy, ox)

    Example:
    ```mlir
    bpa.mp out=1 image=1 oy=1 ox=1 pixels=2 wait(ld) signal(mm)
    ```
  }];
  let arguments = (ins
      DefaultValuedAttr<I64Attr, "0">:$out,
      DefaultValuedAttr<I64Attr, "0">:$image,
      DefaultValuedAttr<I64Attr, "0">:$oy,
      DefaultValuedAttr<I64Attr, "0">:$ox,
      DefaultValuedAttr<I64Attr, "1">:$pixels,
      DefaultValuedAttr<I64Attr, "0">:$wait,
      DefaultValuedAttr<I64Attr, "0">:$signal,
      OptionalAttr<FlatSymbolRefAttr>:$symbol);
}

def BPA_MatMulOp : BPA_InstructionOp<"mm"> {
  let summary = "Multiply groups of pixels by tiles of output channels";
  let description = [{
    Executed by engine `mm`. Fields:
    - `abuf` (words): first word of the gather buffer
    - `agroup` (words): from pixel group to pixel group
    - `aplane` (words): from plane to plane
    - `groups`: groups of one pixel per row of the array
    - `wbuf` (words): first word of the weight buffer
    - `wtile` (words): from tile to tile
    - `wplane` (words): from plane to plane
    - `tiles`: tiles of one output channel per column of the array
    - `words` (words): of a plane
    - `resume`: add to the sums that the last `mm` kept
    - `keep`: keep the sums instead of delivering them

    Example:
    ```mlir
    bpa.mm abuf=1 agroup=1 aplane=1 groups=2 wbuf=1 wtile=1 wplane=1 tiles=2 words=2 resume=1 keep=1 wait(ld) signal(ga)
    ```
  }];
  let arguments = (ins
      DefaultValuedAttr<I64Attr, "0">:$abuf,
      DefaultValuedAttr<I64Attr, "0">:$agroup,
      DefaultValuedAttr<I64Attr, "0">:$aplane,
      DefaultValuedAttr<I64Attr, "1">:$groups,
      DefaultValuedAttr<I64Attr, "0">:$wbuf,
      DefaultValuedAttr<I64Attr, "0">:$wtile,
      DefaultValuedAttr<I64Attr, "0">:$wplane,
      DefaultValuedAttr<I64Attr, "1">:$tiles,
      DefaultValuedAttr<I64Attr, "1">:$words,
      DefaultValuedAttr<I64Attr, "0">:$resume,
      DefaultValuedAttr<I64Attr, "0">:$keep,
      DefaultValuedAttr<I64Attr, "0">:$wait,
      DefaultValuedAttr<I64Attr, "0">:$signal,
      OptionalAttr<FlatSymbolRefAttr>:$symbol);
}

def BPA_PostProcessOp : BPA_InstructionOp<"pp"> {
  let summary = "Turn the sums of matmuls into codes or write them to DRAM";
  let description = [{
    Executed by engine `pp`. Fields:
    - `tbuf` (entries): first entry of the threshold buffer
    - `out` (lanes or beats): first output channel of the first pixel; lanes for codes, beats in DRAM for integers
    - `pixels` (pixels): output pixels
    - `tiles`: tiles of output channels

    Example:
    ```mlir
    bpa.pp tbuf=1 out=1 pixels=2 tiles=2 wait(ld) signal(ga)
    ```
  }];
  let arguments = (ins
      DefaultValuedAttr<I64Attr, "0">:$tbuf,
      DefaultValuedAttr<I64Attr, "0">:$out,
      DefaultValuedAttr<I64Attr, "1">:$pixels,
      DefaultValuedAttr<I64Attr, "1">:$tiles,
      DefaultValuedAttr<I64Attr, "0">:$wait,
      DefaultValuedAttr<I64Attr, "0">:$signal,
      OptionalAttr<FlatSymbolRefAttr>:$symbol);
}
