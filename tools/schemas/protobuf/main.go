// Prints how Kubernetes writes its kinds as protobuf, as JSON: for each Go structure its fields by number. Input on stdin: a JSON
// list of `group/version/kind`. The Go types say more than the .proto files: which fields are embedded (`inline`) and which
// vanish when they hold their zero value.
//
//	go run . <kinds.json >table.json
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strconv"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// Structures whose JSON is not that of their fields; the reader knows each by its name.
var special = map[string]string{
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time":                                             "time",
	"k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime":                                        "microTime",
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration":                                         "duration",
	"k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1":                                         "json",
	"k8s.io/apimachinery/pkg/runtime.RawExtension":                                          "json",
	"k8s.io/apimachinery/pkg/api/resource.Quantity":                                         "quantity",
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString":                                       "intOrString",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON":                         "json",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrBool":        "schemaOrBool",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrArray":       "schemaOrArray",
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrStringArray": "schemaOrTexts",
}

// Number, JSON name, type, and flags: z vanishes when zero, l list, m map by text, i embedded.
type field [4]any

type table struct {
	Kinds    map[string]string  `json:"kinds"`
	Messages map[string][]field `json:"messages"`
}

func main() {
	var wanted []string
	if err := json.NewDecoder(os.Stdin).Decode(&wanted); err != nil {
		panic(err)
	}
	known := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, apiextensions.AddToScheme} {
		if err := add(known); err != nil {
			panic(err)
		}
	}
	out := table{Kinds: map[string]string{}, Messages: map[string][]field{}}
	for _, text := range wanted {
		part := strings.Split(text, "/")
		object, err := known.New(schema.GroupVersionKind{Group: part[0], Version: part[1], Kind: part[2]})
		if err != nil {
			continue // served by aggregation only
		}
		out.Kinds[text] = out.message(reflect.TypeOf(object).Elem())
	}
	out.Kinds["DeleteOptions"] = out.message(reflect.TypeOf(metav1.DeleteOptions{}))
	encoder := json.NewEncoder(os.Stdout)
	if err := encoder.Encode(out); err != nil {
		panic(err)
	}
}

// short name of a structure: `apps/v1.Deployment`
func nameOf(of reflect.Type) string {
	parts := strings.Split(of.PkgPath(), "/")
	return strings.Join(parts[len(parts)-2:], "/") + "." + of.Name()
}

func (out *table) message(of reflect.Type) string {
	name := nameOf(of)
	if _, done := out.Messages[name]; done {
		return name
	}
	out.Messages[name] = []field{}
	fields := []field{}
	for i := 0; i < of.NumField(); i++ {
		member := of.Field(i)
		tag := strings.Split(member.Tag.Get("protobuf"), ",")
		if len(tag) < 2 {
			continue
		}
		number, err := strconv.Atoi(tag[1])
		if err != nil {
			continue
		}
		jsonTag := strings.Split(member.Tag.Get("json"), ",")
		flags := ""
		at := member.Type
		isPointer := at.Kind() == reflect.Pointer
		if isPointer {
			at = at.Elem()
		}
		for _, option := range jsonTag[1:] {
			if option == "omitempty" && !isPointer {
				flags += "z"
			}
			if option == "inline" {
				flags += "i"
			}
		}
		if special[at.PkgPath()+"."+at.Name()] == "" && at.Kind() == reflect.Map {
			flags += "m"
			at = at.Elem()
		} else if at.Kind() == reflect.Slice && at.Elem().Kind() != reflect.Uint8 {
			flags += "l"
			at = at.Elem()
		}
		fields = append(fields, field{number, jsonTag[0], out.typeOf(at), flags})
	}
	out.Messages[name] = fields
	return name
}

func (out *table) typeOf(of reflect.Type) string {
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if known := special[of.PkgPath()+"."+of.Name()]; known != "" {
		if strings.HasPrefix(known, "schema") {
			out.message(reflect.TypeOf(apiextensions.JSONSchemaProps{}))
		}
		return known
	}
	switch of.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "flag"
	case reflect.Int32, reflect.Int64, reflect.Int:
		return "int"
	case reflect.Float64:
		return "double"
	case reflect.Slice:
		if of.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "texts" // a named list of texts is a message with one field of them
	case reflect.Struct:
		return out.message(of)
	}
	panic("no protobuf of " + of.String())
}
